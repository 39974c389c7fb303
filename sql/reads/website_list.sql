-- One page of the named websites, of all where none are named, by id; and how many there are.
SELECT everything.total, page.*
FROM (
    SELECT count(*) AS total
    FROM websites
    WHERE %(websites)s::text[] IS NULL OR website_id = ANY(%(websites)s::text[])
) everything
LEFT JOIN LATERAL (
    SELECT
        website_id, name, timezone, domains, gpc, retention_days, identity, is_public, excluded_networks,
        engaged_threshold_s, split_on_campaign, created_at
    FROM websites
    WHERE %(websites)s::text[] IS NULL OR website_id = ANY(%(websites)s::text[])
    ORDER BY website_id COLLATE "C"
    LIMIT %(limit)s OFFSET %(offset)s
) page ON true
