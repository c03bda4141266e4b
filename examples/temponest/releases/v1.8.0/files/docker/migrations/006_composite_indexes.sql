-- Indexes for what the dashboards ask.
CREATE INDEX idx_executions_user_created ON executions (user_id, created_at DESC);
CREATE INDEX idx_executions_agent_status ON executions (agent_id, status, created_at);
CREATE INDEX idx_executions_open ON executions (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX idx_costs_created_model ON costs (created_at, model) INCLUDE (amount_usd, tokens);
CREATE INDEX idx_schedules_due ON schedules (next_run_at) WHERE status = 'Active';
CREATE INDEX idx_webhook_deliveries_hook_sent ON webhook_deliveries (webhook_id, sent_at DESC);
