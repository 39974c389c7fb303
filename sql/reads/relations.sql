-- Which table or view of ours each relation of a plan is a part of: a partition, a chunk, or itself. What a
-- continuous aggregate keeps its rows in is told by the name of the view over it.
WITH RECURSIVE above AS (
    SELECT c.relname AS part, c.oid AS relation
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ANY (%(parts)s::text[])
        AND c.relkind IN ('r', 'p')
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    UNION ALL
    SELECT above.part, i.inhparent
    FROM above
    JOIN pg_inherits i ON i.inhrelid = above.relation
)
SELECT above.part, coalesce(keeper.relname, c.relname) AS relation
FROM above
JOIN pg_class c ON c.oid = above.relation
LEFT JOIN LATERAL (
    SELECT v.relname
    FROM pg_depend d
    JOIN pg_rewrite r ON r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass
        AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = above.relation
        -- It lies in no schema of ours.
        AND c.relnamespace <> ALL (current_schemas(false)::regnamespace[])
        AND v.relnamespace = ANY (current_schemas(false)::regnamespace[])
    LIMIT 1
) keeper ON true
WHERE NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = above.relation)
