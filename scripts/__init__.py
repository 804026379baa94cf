"""Set-up and build scripts. Those that set-up needs use the standard library only."""
