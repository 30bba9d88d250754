-- The language of the letters to an account: a tag (BCP 47). Null is the default language.
ALTER TABLE users ADD COLUMN locale text CONSTRAINT users_locale_length CHECK (char_length(locale) <= 35);
