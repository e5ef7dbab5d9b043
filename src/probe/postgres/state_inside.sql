select json_build_object(
  'may_create', (
    select has_schema_privilege(role.oid, schema.oid, 'CREATE') and has_schema_privilege(role.oid, schema.oid, 'USAGE')
    from pg_authid role, pg_namespace schema where role.rolname = {role} and schema.nspname = 'public'
  ),
  'lacking', (
    select coalesce(json_agg(name order by name), '[]') from (
      select tables.relname name from pg_authid role, pg_class tables, pg_namespace schema
      where role.rolname = {role} and schema.nspname = 'public' and tables.relnamespace = schema.oid
        and tables.relkind in ('r', 'p')
        and not (has_table_privilege(role.oid, tables.oid, 'SELECT') and has_table_privilege(role.oid, tables.oid, 'INSERT')
          and has_table_privilege(role.oid, tables.oid, 'UPDATE') and has_table_privilege(role.oid, tables.oid, 'DELETE'))
      order by 1 limit 60
    ) few
  ),
  'lacking_sequences', (
    select coalesce(json_agg(name order by name), '[]') from (
      select sequences.relname name from pg_authid role, pg_class sequences, pg_namespace schema
      where role.rolname = {role} and schema.nspname = 'public' and sequences.relnamespace = schema.oid
        and sequences.relkind = 'S' and not has_sequence_privilege(role.oid, sequences.oid, 'USAGE')
      order by 1 limit 60
    ) few
  ),
  'closed_tables', (
    select count(*) from pg_authid role, pg_class tables, pg_namespace schema
    where role.rolname = {role} and schema.nspname = 'public' and tables.relnamespace = schema.oid
      and tables.relkind in ('r', 'p')
      and not has_any_column_privilege(role.oid, tables.oid, 'SELECT')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = tables.oid and d.deptype = 'e')
  )
)::jsonb::text
