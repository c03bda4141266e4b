-- Agents and what they did.
CREATE TYPE execution_status AS ENUM ('queued', 'running', 'completed', 'failed');

CREATE TABLE agents (
    id          smallint PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    description text NOT NULL,
    model       text NOT NULL
);

INSERT INTO agents VALUES
    (1, 'Developer', 'writes code', 'codellama:13b'),
    (2, 'Overseer', 'plans; splits work', 'mistral:7b'),
    (3, 'QA Tester', 'writes and runs tests', 'codellama:13b'),
    (4, 'Designer', 'drafts user interfaces', 'mistral:7b'),
    (5, 'Security Auditor', 'looks for weaknesses', 'qwen2.5-coder:14b');

CREATE TABLE executions (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    agent_id     smallint NOT NULL REFERENCES agents,
    task         text NOT NULL,
    status       execution_status NOT NULL DEFAULT 'queued',
    progress     smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    output       text,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    completed_at timestamptz
);

CREATE INDEX idx_executions_created ON executions (created_at);

CREATE TABLE execution_logs (
    id           bigserial PRIMARY KEY,
    execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
    at           timestamptz NOT NULL DEFAULT now(),
    line         text NOT NULL
);

CREATE INDEX idx_execution_logs_execution ON execution_logs (execution_id);
