-- Tables that are the same in both flavours. `events` itself is in 0002.

CREATE TABLE websites (
    website_id text PRIMARY KEY CHECK (website_id ~ '^[A-Za-z0-9._:-]{1,128}$'),
    name text NOT NULL,
    timezone text NOT NULL DEFAULT 'UTC',
    domains text[] NOT NULL DEFAULT '{}',
    gpc text NOT NULL DEFAULT 'derive' CHECK (gpc IN ('derive', 'drop', 'ignore')),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One row an event. Columns up to `id` are of fixed width, so that rows pack tightly.
-- Everything from `hostname` to `language` but `title` is an attribute of the session, taken from its
-- first event and repeated on each of its rows (SPEC R19).
CREATE TABLE events_template (
    "timestamp" timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    session_started_at timestamptz NOT NULL,
    visitor_hash bigint NOT NULL,
    session_hash bigint NOT NULL,
    -- Order of arrival inside a partition: breaks ties between equal timestamps (SPEC R75).
    arrival bigint NOT NULL,
    engaged_ms integer,
    city_geoname_id integer,
    scroll_depth smallint,
    rules_version smallint NOT NULL,
    interactive boolean NOT NULL,
    is_bot boolean NOT NULL,
    -- The client chose the visitor's id, which outlives the day (SPEC R10).
    is_persistent boolean NOT NULL,
    is_new_user boolean,
    id uuid NOT NULL,
    website_id text NOT NULL,
    visitor_id text NOT NULL,
    session_id text NOT NULL,
    event_type text NOT NULL,
    page text NOT NULL,
    title text,
    hostname text,
    referrer text,
    source text,
    channel text NOT NULL,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    country text,
    region text,
    city text,
    continent text,
    browser text,
    browser_version text,
    os text,
    os_version text,
    device text NOT NULL,
    screen text,
    language text,
    bot_category text,
    bot_reasons text[],
    user_agent text,
    revenue_currency text,
    revenue_amount numeric(19, 4),
    performance jsonb,
    properties jsonb
);

-- A row for each part of a stream entry already written: stops every redelivery (RELIABILITY section 3).
-- An entry's late events are written day by day in transactions of their own: `part` is 0 for the rest,
-- else the days from 1970-01-01 to the UTC day of those late events.
CREATE TABLE ingest_ledger (
    entry_ms bigint NOT NULL,
    entry_seq bigint NOT NULL,
    part integer NOT NULL DEFAULT 0,
    partition smallint NOT NULL,
    consumed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, entry_ms, entry_seq, part)
);

-- The ids that clients chose, so that a retry counts once (SPEC R57). `bucket` is the UTC day inside
-- a UUIDv7, 2000-01-01 for any other id, 1999-01-01 for imports (kept for ever).
CREATE TABLE event_seen (
    bucket date NOT NULL,
    key uuid NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bucket, key)
) PARTITION BY RANGE (bucket);
CREATE TABLE event_seen_import PARTITION OF event_seen FOR VALUES FROM ('1999-01-01') TO ('1999-01-02');
CREATE TABLE event_seen_any PARTITION OF event_seen FOR VALUES FROM ('2000-01-01') TO ('2000-01-02');

CREATE TABLE dead_letter (
    partition smallint NOT NULL,
    entry_ms bigint NOT NULL,
    entry_seq bigint NOT NULL,
    position integer NOT NULL,
    website_id text,
    received_at timestamptz,
    died_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    sqlstate text,
    error text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (partition, entry_ms, entry_seq, position)
);

-- What became of every event taken from the stream. `partition` is in the key so that two workers
-- never wait for each other's row.
CREATE TABLE ingest_counts (
    website_id text NOT NULL,
    hour timestamptz NOT NULL,
    partition smallint NOT NULL,
    outcome text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (website_id, hour, partition, outcome)
);

-- What each worker last said of itself; read by the detailed health report.
CREATE TABLE worker_status (
    worker_id text PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    partitions smallint[] NOT NULL,
    stream_length bigint NOT NULL,
    pending bigint NOT NULL,
    lag bigint NOT NULL,
    oldest_pending_seconds double precision NOT NULL,
    geo_status text NOT NULL,
    geo_built_at timestamptz
);

-- Buckets whose events changed since they were last rolled up. Append only: a unique key would make
-- workers wait for each other.
CREATE TABLE rollup_dirty (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    website_id text NOT NULL,
    bucket timestamptz NOT NULL
);

-- UTC days whose raw events retention has dropped: an event for such a day is refused, because
-- rolling the day up again would erase its history.
CREATE TABLE dropped_days (
    day date PRIMARY KEY,
    dropped_at timestamptz NOT NULL DEFAULT now()
);
