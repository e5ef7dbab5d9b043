with recursive
  role as (select * from pg_authid where rolname = {role}),
  groups as (
    select member.roleid from pg_auth_members member join role on member.member = role.oid
    union
    select member.roleid from pg_auth_members member join groups on member.member = groups.roleid
  ),
  -- Each of these views reads its file anew.
  written as (select * from pg_file_settings),
  rules as (select * from pg_hba_file_rules)
select json_build_object(
  'version', current_setting('server_version_num')::int,
  'ssl', current_setting('ssl')::bool,
  'room', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  'used', (select count(*) from pg_stat_activity where backend_type = 'client backend' and application_name <> 'clipcheck'),
  'loaded_at', floor(extract(epoch from pg_conf_load_time()))::bigint,
  'started_at', floor(extract(epoch from pg_postmaster_start_time()))::bigint,
  'pending', (
    select coalesce(json_agg(json_build_object('name', setting.name, 'path', file.sourcefile, 'line', file.sourceline)), '[]')
    from pg_settings setting
    left join lateral (
      select * from written where written.name = setting.name order by seqno desc limit 1
    ) file on true
    where setting.pending_restart
  ),
  'bad_lines', (
    select coalesce(json_agg(json_build_object('name', name, 'path', sourcefile, 'line', sourceline)), '[]')
    from written file
    where error is not null
      and not exists (select from pg_settings setting where setting.name = file.name and setting.pending_restart)
  ),
  'named_files', (
    select coalesce(json_agg(json_build_object('name', name, 'path', sourcefile, 'line', sourceline, 'file', setting)), '[]')
    from (select distinct on (name) * from written order by name, seqno desc) file
    where setting <> '' and name in ('ssl_cert_file', 'ssl_key_file', 'ssl_ca_file', 'ssl_crl_file', 'hba_file', 'ident_file')
      and (name not like 'ssl%' or current_setting('ssl')::bool)
  ),
  'data_directory', current_setting('data_directory'),
  'listen_addresses', current_setting('listen_addresses'),
  'hba', (
    select coalesce(json_agg(json_build_object(
      'path', coalesce(to_jsonb(rule) ->> 'file_name', current_setting('hba_file')), 'line', line_number, 'kind', type,
      'databases', database, 'roles', user_name, 'address', address, 'mask', netmask, 'method', auth_method
    )), '[]') from rules rule
  ),
  'bad_hba_lines', (
    select coalesce(json_agg(line_number), '[]') from rules where type is null
  ),
  'session', (
    select coalesce(json_agg(json_build_object(
      'name', name, 'setting', setting, 'role', role, 'database', database, 'path', path, 'line', line
    )), '[]')
    from (
      select distinct on (name) * from (
        select split_part(given, '=', 1) name, substr(given, strpos(given, '=') + 1) setting, setrole <> 0 role,
          setdatabase <> 0 database, null path, null::int line, 1 + (setrole <> 0)::int * 2 + (setdatabase <> 0)::int strength
        from pg_db_role_setting, unnest(setconfig) given
        where setrole in (0, (select oid from role))
          and setdatabase in (0, (select oid from pg_database where datname = {database}))
        union all
        -- What is written and was not loaded yet rules nobody.
        select written.name, written.setting, false, false, written.sourcefile, written.sourceline, 0
        from written join pg_settings here using (name, sourcefile, sourceline)
        where applied and (here.vartype <> 'bool' or here.setting = case
          when lower(written.setting) in ('on', 'true', 'yes', '1', 't', 'y') then 'on' else 'off' end)
      ) levels
      where name in ('default_transaction_read_only', 'client_encoding', 'idle_session_timeout', 'session_preload_libraries',
        'local_preload_libraries', 'role', 'search_path', 'statement_timeout')
      order by name, strength desc
    ) strongest
  ),
  'near_role', (select rolname from pg_authid where lower(rolname) = lower({role}) and rolname <> {role} order by 1 limit 1),
  'heir', (
    select rolname from pg_database join pg_authid on pg_authid.oid = datdba
    where datname = {database} and rolcanlogin and not rolsuper and rolname <> {role}
  ),
  'near_database', (select datname from pg_database where lower(datname) = lower({database}) and datname <> {database} order by 1 limit 1),
  'own_databases', (
    select coalesce(json_agg(datname order by datname), '[]') from pg_database join role on datdba = role.oid where not datistemplate
  ),
  'role', (
    select json_build_object(
      'can_log_in', rolcanlogin,
      'superuser', rolsuper,
      'expired', coalesce(rolvaliduntil < now(), false),
      'password', case
        when rolpassword is null then 'none'
        when rolpassword like 'md5%' then 'md5'
        when rolpassword like 'SCRAM-SHA-256$%' then 'scram'
        else 'other'
      end,
      'limit', rolconnlimit,
      'groups', (select coalesce(json_agg(rolname order by rolname), '[]') from pg_authid where oid in (select roleid from groups))
    ) from role
  ),
  'database', (
    select json_build_object(
      'open', datallowconn,
      'may_connect', (select has_database_privilege(role.oid, pg_database.oid, 'CONNECT') from role)
    ) from pg_database where datname = {database}
  )
)::jsonb::text
