# SPDX-License-Identifier: MIT
"""The benchmarks by name, each a module here, in the order in which all are run."""

BENCHMARKS = {
    "start_up": "the start-up time of a command, compared with other commands of az",
    "check": "a check of a cluster with 40 pod identities, and of 1,000 pods",
    "fleet": "a list of 1,200 clusters in 12 subscriptions, and checks of 1 to 300",
    "parallel": "1 to 20 clients that change one cluster at the same time",
    "migrate": "a plan for 200 pod identities and 2,000 workloads",
    "bindings": "a migration of 200 managed identities to identity bindings, on the simulated clock",
    "role_waits": "the number of writes that a new role costs, simulated",
    "contention": "10 adds in a row and 20 at once against Azure's limits, on a simulated clock",
    "writes": "one add and lists of up to 200, compared with the service minimum",
}
# Not part of `all`, because it measures no time and takes half an hour.
ALONE = {"trials": "lost updates when requests fail, commands are killed and many clients write at once"}
# The options of `all --full`.
FULL = {
    "start_up": ["--pairs", "150"],
    "parallel": ["--writers", "1", "2", "5", "10", "20"],
    "writes": ["--runs", "9"],
}
