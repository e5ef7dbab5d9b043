select json_build_object(
  'statements', (
    select coalesce(json_agg(json_build_object(
      'event', wait_event_type || ': ' || wait_event, 'role', usename,
      'seconds', floor(extract(epoch from clock_timestamp() - query_start))::bigint,
      'by', (
        select json_build_object('pid', pid, 'role', usename, 'application', left(application_name, 64), 'state', state,
          'seconds', greatest(0, floor(extract(epoch from clock_timestamp() - state_change)))::bigint)
        from pg_stat_activity other where other.pid = any(pg_blocking_pids(waits.pid)) order by state_change limit 1
      )
    )), '[]')
    from (
      select * from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and state = 'active'
        and (wait_event_type = 'Lock' or wait_event = 'SyncRep')
        and query_start < clock_timestamp() - interval '5 seconds'
      order by query_start limit 3
    ) waits
  ),
  'held', (
    select coalesce(json_agg(json_build_object(
      'table', held.relation::regclass::text, 'mode', held.mode,
      'by', json_build_object('pid', pid, 'role', usename, 'application', left(application_name, 64), 'state', state,
        'seconds', floor(extract(epoch from clock_timestamp() - state_change))::bigint)
    )), '[]')
    from (
      select locks.relation, locks.mode, activity.*
      from pg_locks locks join pg_stat_activity activity on activity.pid = locks.pid
      join pg_class tables on tables.oid = locks.relation and tables.relkind in ('r', 'p')
      where locks.granted and locks.locktype = 'relation' and locks.database = (select oid from pg_database where datname = current_database())
        and locks.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and tables.relnamespace <> 'pg_catalog'::regnamespace
        and activity.state like 'idle in transaction%' and activity.state_change < clock_timestamp() - interval '30 seconds'
      order by activity.state_change limit 3
    ) held
  ),
  'prepared', (
    select coalesce(json_agg(json_build_object('name', gid, 'role', owner, 'table', relation::regclass::text, 'mode', mode,
      'seconds', floor(extract(epoch from clock_timestamp() - prepared))::bigint)), '[]')
    from (
      select distinct on (gid) gid, owner, prepared, locks.relation, locks.mode
      from pg_prepared_xacts open
      join pg_locks own on own.pid is null and own.locktype = 'transactionid' and own.transactionid = open.transaction
      join pg_locks locks on locks.pid is null and locks.virtualtransaction = own.virtualtransaction
      join pg_class tables on tables.oid = locks.relation and tables.relkind in ('r', 'p')
      where locks.locktype = 'relation' and open.database = current_database()
        and locks.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and tables.relnamespace <> 'pg_catalog'::regnamespace
        and prepared < clock_timestamp() - interval '30 seconds'
      order by gid, locks.relation limit 3
    ) prepared
  ),
  'standby', (
    select json_build_object('names', setting, 'path', sourcefile, 'line', sourceline,
      'connected', (select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')))
    from pg_settings
    where name = 'synchronous_standby_names' and setting <> '' and not pg_is_in_recovery()
      and current_setting('synchronous_commit') not in ('off', 'local')
      and not exists (select from pg_db_role_setting, unnest(setconfig) given where given like 'synchronous_commit=%')
  )
)::jsonb::text
