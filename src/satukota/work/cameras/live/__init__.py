"""Live pictures: one pull per camera, many watchers, nothing old shown as new. docs/live-view.md."""
