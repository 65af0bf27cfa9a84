# SPDX-License-Identifier: MIT
"""The benchmarks by name, each a module here, in the order in which all are run."""

BENCHMARKS = {
    "start_up": "what a command costs before it does anything, next to the host's own commands",
    "check": "a check of a cluster with 40 pod identities, and of 1,000 pods",
    "fleet": "a list of 1,200 clusters in 12 subscriptions, and checks of 1 to 300",
    "parallel": "1 to 20 people changing one cluster at the same time",
    "migrate": "a plan for 200 pod identities and 2,000 workloads",
    "bindings": "a migration of 200 managed identities by identity bindings, on the clock of the simulator",
    "role_waits": "how many writes a new role costs, simulated",
    "contention": "10 adds in a row and 20 at once against Azure's limits, on a simulated clock",
    "writes": "one add and lists of up to 200, next to the least that the service takes",
}
# Not among all: it measures no time, and takes half an hour.
ALONE = {"trials": "what is lost when requests fail, commands are killed and many write at once"}
# What `all --full` asks for.
FULL = {
    "start_up": ["--pairs", "150"],
    "parallel": ["--writers", "1", "2", "5", "10", "20"],
    "writes": ["--runs", "9"],
}
