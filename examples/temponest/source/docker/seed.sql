-- Sample data, the same every time but for the dates, which end today.
--   psql -v scale=N: N times 5,000 executions with their logs and costs; N = 1 is about 10 MB, spread over 60 days.
INSERT INTO users (id, email, password_hash, created_at)
SELECT md5('user ' || n)::uuid, 'user' || n || '@example.org', 'no password', current_date - n * interval '1 day'
FROM generate_series(1, 200) n;

INSERT INTO executions (id, user_id, agent_id, task, status, progress, output, error, created_at, started_at, completed_at)
SELECT md5('execution ' || n)::uuid, md5('user ' || 1 + n % 200)::uuid, 1 + n % 5, 'Task ' || n || ': review module ' || n % 97,
       CASE WHEN failed THEN 'failed' ELSE 'completed' END::execution_status, CASE WHEN failed THEN 25 ELSE 100 END,
       CASE WHEN NOT failed THEN (SELECT string_agg(md5(n::text || line), E'\n') FROM generate_series(1, 24) line) END,
       CASE WHEN failed THEN 'the model did not answer' END, at, at + interval '1 second', at + n % 60 * interval '1 second'
FROM (SELECT n, n % 40 = 0 AS failed, current_date - n * 7919 % 86400 * interval '1 minute' AS at
      FROM generate_series(1, 5000 * :scale) n) e;

INSERT INTO execution_logs (execution_id, at, line)
SELECT md5('execution ' || n)::uuid, current_date - n * 7919 % 86400 * interval '1 minute', 'step ' || line || ' of 3 ended'
FROM generate_series(1, 5000 * :scale) n, generate_series(1, 3) line;

INSERT INTO costs (execution_id, model, tokens, amount_usd, created_at)
SELECT e.id, a.model, 200 + hashtext(e.id::text) & 4095, 0.000002 * (200 + hashtext(e.id::text) & 4095), e.created_at
FROM executions e JOIN agents a ON a.id = e.agent_id;

-- None of these runs by itself while a deploy is tried: once a year, in the first night.
INSERT INTO schedules (id, user_id, agent_id, name, cron, task, next_run_at, created_at)
SELECT md5('schedule ' || n)::uuid, md5('user ' || n)::uuid, 1 + n % 5, 'Yearly review ' || n, '0 3 1 1 *', 'Review module ' || n,
       date_trunc('year', now()) + interval '1 year 3 hours', current_date
FROM generate_series(1, 20) n;

INSERT INTO webhooks (id, user_id, url, events, signing_key, created_at)
SELECT md5('webhook ' || n)::uuid, md5('user ' || n)::uuid, 'https://hooks.example.org/' || n, '{agent.execution.completed}',
       md5('key ' || n), current_date
FROM generate_series(1, 10) n;

INSERT INTO documents (id, user_id, title, characters, created_at)
SELECT md5('document ' || n)::uuid, md5('user ' || 1 + n % 200)::uuid, 'Note ' || n, 100 + n * 37 % 9000, current_date
FROM generate_series(1, 500) n;

INSERT INTO approvals (execution_id, question, status, decided_at)
SELECT md5('execution ' || n * 40 + 1)::uuid, 'May release ' || n || ' go out?', 'approved', current_date FROM generate_series(1, 100) n;

ANALYZE;
