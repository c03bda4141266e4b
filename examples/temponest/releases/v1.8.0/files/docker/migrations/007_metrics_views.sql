-- Views that the dashboard reads instead of joining for itself.
CREATE VIEW v_cost_per_execution AS
SELECT execution_id, sum(tokens) AS tokens, sum(amount_usd) AS amount_usd
FROM costs
GROUP BY execution_id;

CREATE VIEW v_run_metrics_summary AS
SELECT date_trunc('day', e.created_at)::date AS day,
       a.name AS agent,
       count(*) AS executions,
       count(*) FILTER (WHERE e.status = 'completed') AS completed,
       count(*) FILTER (WHERE e.status = 'failed') AS failed,
       coalesce(sum(c.tokens), 0) AS tokens,
       coalesce(sum(c.amount_usd), 0) AS cost_usd,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM e.completed_at - e.created_at)) AS p95_seconds
FROM executions e
JOIN agents a ON a.id = e.agent_id
LEFT JOIN v_cost_per_execution c ON c.execution_id = e.id
GROUP BY 1, 2;

CREATE VIEW v_webhook_health AS
SELECT w.id, w.url,
       count(d.id) AS deliveries,
       count(d.id) FILTER (WHERE d.status BETWEEN 200 AND 299) AS delivered,
       max(d.sent_at) AS last_sent
FROM webhooks w
LEFT JOIN webhook_deliveries d ON d.webhook_id = w.id
GROUP BY w.id;

COMMENT ON VIEW v_run_metrics_summary IS 'One row for each day and agent; costs are US dollars, times seconds';
