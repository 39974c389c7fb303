-- Where the rows of a rollup lie.
CREATE FUNCTION rows_of(rollup text) RETURNS text LANGUAGE sql STABLE AS 'SELECT quote_ident(rollup)';
