-- Delete a funnel; no row when it is not of this version any more.
DELETE FROM funnels
WHERE funnel_id = %(funnel_id)s AND version = %(version)s
RETURNING funnel_id
