"""How the database plans what is asked over any connection of ours: the options that each is opened with."""

PLANNING = {
    # A plan made for one website and range is wrong for the next: filters cost twice with a generic one, and a plan for
    # any range reads every partition.
    "plan_cache_mode": "force_custom_plan",
    # The cost of a plan over many days is far above what it takes, so that short statements would be compiled too.
    "jit": "off",
    # TimescaleDB 2.29 refuses count(DISTINCT) and DISTINCT below a condition that holds for all rows or none, where its
    # statistics suggest this plan: "unsupported subplan type for SkipScan: Result". Elsewhere the names mean nothing.
    "timescaledb.enable_skipscan": "off",
    "timescaledb.enable_skipscan_for_distinct_aggregates": "off",
}
