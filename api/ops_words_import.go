package api

// importEvents are the words for the timeline of a legacy import.
func importEvents() map[string]string {
	return map[string]string{
		"legacy_proved": "ops.what.legacy_proved", "legacy_read": "ops.what.legacy_read", "legacy_unanswered": "ops.what.legacy_unanswered",
		"legacy_confirmed": "ops.what.legacy_confirmed", "legacy_tied": "ops.what.legacy_tied", "legacy_hold_over": "ops.what.legacy_hold_over",
		"legacy_retried": "ops.what.legacy_retried",
	}
}

// importTemplates are the words for its messages.
func importTemplates() map[string]string {
	return map[string]string{
		"import_ready": "ops.template.import_ready", "import_started": "ops.template.import_started", "import_taken": "ops.template.import_taken",
		"import_done": "ops.template.import_done", "import_failed": "ops.template.failed", "import_stopped": "ops.template.stopped",
		"import_disputed": "ops.template.disputed", "import_papers": "ops.template.import_papers", "import_refused": "ops.template.reset_rejected",
	}
}

// importTasks are the words for its steps.
func importTasks() map[string]string {
	return map[string]string{
		"legacy_import:check": "ops.task.legacy_check", "legacy_import:read": "ops.task.legacy_read", "legacy_import:import": "ops.task.legacy_import",
		"legacy_import:fetch": "ops.task.legacy_fetch", "legacy_import:expire_check": "ops.task.legacy_expire", "legacy_import:expire_diff": "ops.task.legacy_expire",
	}
}
