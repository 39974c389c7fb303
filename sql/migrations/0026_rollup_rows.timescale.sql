-- Where the rows of a rollup lie: those of a continuous aggregate in a hypertable whose name TimescaleDB chose.
CREATE FUNCTION rows_of(rollup text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
    FROM timescaledb_information.continuous_aggregates
    WHERE view_schema = current_schema AND view_name = rollup
$$;

-- Removing may have to unpack whatever holds what goes.
ALTER FUNCTION remove_picked(uuid, integer) SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
ALTER FUNCTION remove_between(text, timestamptz, timestamptz)
    SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
ALTER FUNCTION forget_visitor(text, bigint) SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
ALTER FUNCTION forget_website(text) SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
