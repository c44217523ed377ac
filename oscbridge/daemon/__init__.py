"""The daemon: jobs, clients and what they hold, behind OSC. All its state lives on one loop."""
