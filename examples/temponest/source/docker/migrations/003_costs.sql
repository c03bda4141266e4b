-- What the models cost.
CREATE TABLE costs (
    id           bigserial PRIMARY KEY,
    execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
    model        text NOT NULL,
    tokens       integer NOT NULL CHECK (tokens >= 0),
    amount_usd   numeric(12, 6) NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_costs_execution ON costs (execution_id);
