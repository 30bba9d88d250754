# The production image: docker build -t latchkey .
FROM node:24-bookworm-slim AS build
WORKDIR /latchkey
COPY package.json package-lock.json ./
COPY packages/console/package.json packages/console/
# No install script of a dependency is needed: bcrypt and esbuild include their binaries.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# Nothing is installed in a running container.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg
# In a container 127.0.0.1 is only the container itself.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/latchkey/data
WORKDIR /latchkey
# The only directory that the user can write to, for the embedded database and its secret. A volume that is mounted here
# takes over the owner.
RUN mkdir -m 700 data && chown node:node data
COPY --from=build /latchkey/package.json ./
COPY --from=build /latchkey/node_modules node_modules
COPY --from=build /latchkey/dist dist
# docker exec … latchkey doctor
RUN ln -s /latchkey/dist/src/latchkey.js /usr/local/bin/latchkey
VOLUME /latchkey/data
USER node
EXPOSE 3000
# Alive, not ready: an orchestrator that restarts unhealthy containers would do so for as long as the database is unavailable.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["node", "-e", \
    "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: the service receives SIGTERM. The flags are those of `npm start`.
CMD ["node", "--max-semi-space-size=8", "dist/src/server.js"]
