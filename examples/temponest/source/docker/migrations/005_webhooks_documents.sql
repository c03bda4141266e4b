-- Who wants to hear of it, and what agents may read.
CREATE TABLE webhooks (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    url         text NOT NULL,
    events      text[] NOT NULL,
    signing_key text NOT NULL,
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE webhook_deliveries (
    id         bigserial PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event      text NOT NULL,
    payload    jsonb NOT NULL,
    attempt    smallint NOT NULL,
    status     smallint NOT NULL,
    sent_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE documents (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    title      text NOT NULL,
    characters integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Keeps a webhook's address free of what the workers could not reach.
CREATE FUNCTION webhook_url_is_http() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.url !~ '^https?://' THEN
        RAISE EXCEPTION 'a webhook needs an http address; got ''%''', NEW.url;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER webhooks_url BEFORE INSERT OR UPDATE OF url ON webhooks
    FOR EACH ROW EXECUTE FUNCTION webhook_url_is_http();
