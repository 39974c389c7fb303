"""The crash matrix of RELIABILITY 2.2: the tests of each row, or in one line why it has none."""

_PROCESS = "tests/worker/test_worker_process.py"
_GATEWAY = "tests/chaos/test_crash_gateway.py"
_DATABASE = "tests/chaos/test_crash_database.py"
_FLOW = "tests/flow/test_faults.py"
_PUBLISH = "tests/ingest/test_publish.py"
_WRITE = "tests/worker/test_write.py"

TESTS: dict[str, tuple[str, ...]] = {
    "C1": (f"{_GATEWAY}::test_c01_c02_gateway_killed_around_the_write",),
    "C2": (f"{_GATEWAY}::test_c01_c02_gateway_killed_around_the_write",),
    "C3": (
        f"{_FLOW}::test_a_stop_signal_under_load_loses_nothing",
        "tests/ingest/test_transport.py::test_sigterm_finishes_what_was_accepted",
    ),
    "C4": (f"{_GATEWAY}::test_c04_gateway_without_descriptors_recovers_alone",),
    "C5": (f"{_PUBLISH}::test_no_acknowledged_event_is_lost_when_redis_is_killed",),
    "C6": (f"{_GATEWAY}::test_c06_valkey_stopped_is_a_503_and_no_double",),
    "C7": (
        f"{_GATEWAY}::test_c07_everysec_is_told",
        "tests/chaos/test_variants.py::test_a_log_that_is_not_written_before_the_answer_is_caught",
    ),
    "C8": (f"{_GATEWAY}::test_c08_the_answer_waits_for_the_disk",),
    "C9": (f"{_GATEWAY}::test_c09_a_torn_end_of_the_log_costs_nothing",),
    "C10": (f"{_GATEWAY}::test_c10_a_log_broken_in_its_middle_stops_the_start",),
    "C11": (f"{_GATEWAY}::test_c11_full_disk_of_the_log",),
    "C12": (
        f"{_GATEWAY}::test_c12_full_memory_drains",
        f"{_PUBLISH}::test_redis_that_is_full_is_answered_503_and_recovers",
    ),
    "C13": (
        "tests/shared/test_embedded.py::test_no_service_may_do_harm",
        f"{_PROCESS}::test_group_that_vanished_is_made_again_from_the_start",
    ),
    "C15": (f"{_PROCESS}::test_killed_anywhere_stores_once", "tests/chaos/test_storm.py::test_every_failpoint"),
    "C16": (f"{_PROCESS}::test_stopped_worker_cannot_commit_after_another_took_over",),
    "C17": (f"{_PROCESS}::test_entry_that_workers_die_of_is_written_off_alone",),
    "C18": (f"{_DATABASE}::test_c18_postgres_killed_again_and_again",),
    "C19": (
        f"{_DATABASE}::test_c19_a_commit_whose_answer_is_lost",
        f"{_PROCESS}::test_cut_connection_loses_and_doubles_nothing",
    ),
    "C20": (f"{_DATABASE}::test_c20_without_a_database_until_the_limit",),
    "C21": (f"{_DATABASE}::test_c21_a_locked_table_is_waited_for",),
    "C22": (f"{_DATABASE}::test_c22_c23_full_disk_of_the_database",),
    "C23": (f"{_DATABASE}::test_c22_c23_full_disk_of_the_database",),
    "C24": (
        "tests/worker/test_failure.py::test_what_passes_is_tried_again_for_ever",
        f"{_PROCESS}::test_operational_error_is_retried_and_never_dead_letters",
    ),
    "C25": (
        "tests/sql/test_keep_house.py::test_many_workers_make_room_at_once",
        f"{_WRITE}::test_vanished_partition_is_made_again",
    ),
    "C26": (f"{_GATEWAY}::test_c26_a_write_whose_answer_is_lost",),
    "C27": (
        f"{_GATEWAY}::test_c27_a_black_hole_before_valkey",
        f"{_DATABASE}::test_c27_a_black_hole_before_the_database",
    ),
    "C28": (f"{_GATEWAY}::test_c28_a_gateway_whose_clock_is_wrong",),
    "C29": (f"{_GATEWAY}::test_c29_one_batch_a_thousand_times_at_once",),
    "C30": (f"{_WRITE}::test_client_id_counts_once_in_any_grouping",),
    "C31": (
        f"{_WRITE}::test_poison_goes_to_dead_letter_alone",
        "tests/ingest/test_rules.py::test_batch_is_judged_event_by_event",
    ),
    "C32": (f"{_PROCESS}::test_entry_that_workers_die_of_is_written_off_alone",),
    "C33": (f"{_WRITE}::test_flood_of_poison_stops_the_worker",),
    "C34": (f"{_PROCESS}::test_production_keeps_events_of_unknown_websites_aside",),
    "C36": ("tests/chaos/test_storm.py::test_a_storm_loses_and_doubles_nothing",),
    "C37": ("tests/queryapi/test_http.py::test_without_a_database_everything_answers_503",),
    "C38": (
        f"{_GATEWAY}::test_c38_gateway_before_the_first_worker",
        f"{_PROCESS}::test_group_that_vanished_is_made_again_from_the_start",
    ),
    "C39": (f"{_GATEWAY}::test_c39_acknowledged_and_not_removed_is_no_state",),
}
WITHOUT_TEST: dict[str, str] = {
    "C14": "A failover to a replica is promised by nobody without WAITAOF, which this product does not ask for.",
    "C35": "Entries leave the stream once they are committed, so none are kept to replay over a restored backup.",
}
