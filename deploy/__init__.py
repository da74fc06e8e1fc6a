"""What runs skytriage elsewhere: image, rules, dashboard, service, runbook."""
