select coalesce(json_agg(json_build_object(
  'sequence', sequence, 'table', tab, 'column', col,
  'next', (xpath('/row/next/text()', taken))[1]::text::bigint, 'highest', (xpath('/row/highest/text()', taken))[1]::text::bigint
) order by tab), '[]')::text
from (
  select sequence, tab, col, query_to_xml(format(
    'select next, (select max(%1$s) from %2$s) highest from (select last_value + is_called::int * %4$s next from %3$s) it
     where exists (select from %2$s where %1$s = next)', col, tab, sequence, step
  ), false, true, '') taken
  from (
    select format('%I.%I', home.nspname, numbers.relname) sequence, format('%I.%I', schema.nspname, tables.relname) tab,
      quote_ident(columns.attname) col, rule.seqincrement step
    from pg_depend owns
    join pg_class numbers on numbers.oid = owns.objid and numbers.relkind = 'S'
    join pg_namespace home on home.oid = numbers.relnamespace
    join pg_sequence rule on rule.seqrelid = numbers.oid and rule.seqincrement > 0 and not rule.seqcycle
    join pg_class tables on tables.oid = owns.refobjid and tables.relkind in ('r', 'p')
    join pg_namespace schema on schema.oid = tables.relnamespace
    join pg_attribute columns on columns.attrelid = tables.oid and columns.attnum = owns.refobjsubid
    where owns.classid = 'pg_class'::regclass and owns.refclassid = 'pg_class'::regclass and owns.deptype in ('a', 'i')
      and exists (
        select from pg_index unique_index
        where indrelid = tables.oid and indisunique and indisvalid and indnkeyatts = 1 and indkey[0] = columns.attnum
      )
    order by tables.relname limit 50
  ) owned
) found
where taken::text <> ''
