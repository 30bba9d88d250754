import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  base: './',
  plugins: [react()],
  // Within this repository, the client has a React of its own for its tests.
  resolve: { dedupe: ['react'] }
})
