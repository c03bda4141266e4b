-- Tasks that come again, and questions that agents ask.
CREATE TABLE schedules (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    agent_id    smallint NOT NULL REFERENCES agents,
    name        text NOT NULL,
    cron        text NOT NULL,
    task        text NOT NULL,
    status      text NOT NULL DEFAULT 'Active' CHECK (status IN ('Active', 'Paused')),
    next_run_at timestamptz NOT NULL,
    last_run_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE executions ADD COLUMN schedule_id uuid REFERENCES schedules ON DELETE SET NULL;

CREATE TABLE approvals (
    id           bigserial PRIMARY KEY,
    execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
    question     text NOT NULL,
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    decided_at   timestamptz
);
