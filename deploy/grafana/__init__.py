"""The Grafana dashboard, written by `python -m deploy.grafana.dashboard`."""
