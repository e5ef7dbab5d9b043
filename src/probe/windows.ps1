# What a Windows client of the tunnel shows, as one JSON object for `clipcheck snapshot --from`. In a PowerShell that was
# opened as Administrator (WireGuard shows its state to nobody else):
#
#   powershell -ExecutionPolicy Bypass -File windows.ps1 -Out recording.json
#
# It reads only, and writes nothing but that file; without -Out it prints. `wg show all dump` prints the private key and the preshared keys:
# they are cut out here, before anything is written. Containers' variables, which hold passwords, are not asked for.
# Words are not used, since Windows translates them: only numbers, names and addresses. Every character beyond ASCII is
# written as an escape, whatever code page the console has.
param(
    [string]$Out = '',
    [Net.IPAddress]$Server = '10.8.0.1', # the server's address in the tunnel
    [int]$RedisPort = 6379,
    [int]$PostgresPort = 5432,
    [string]$Container = '',            # the worker's container, where its name is none of the project's
    [string]$Only = ''                  # one part: wg, service, adapters, routes, echo, dials, docker
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'SilentlyContinue'

$answered = $false
$wg = Join-Path $env:ProgramFiles 'WireGuard\wg.exe'
if (-not (Test-Path -LiteralPath $wg)) {
    $found = Get-Command wg.exe
    $wg = if ($found) { $found.Path } else { $null }
}

# The fields of wg(8): five for an interface, the second its private key; nine for a peer, the third its preshared key.
function Show-WireGuard {
    $script:answered = $false
    if (-not $wg) { return }
    $lines = @(& $wg show all dump 2>$null)
    if ($LASTEXITCODE -ne 0) { return }
    $script:answered = $true
    foreach ($line in $lines) {
        $fields = @($line -split "`t")
        if ($fields.Count -eq 5) { $fields[1] = '(hidden)' }
        elseif ($fields.Count -eq 9) { if ($fields[2] -ne '(none)') { $fields[2] = '(hidden)' } }
        else { continue }
        $fields -join "`t"
    }
}

# The error of Winsock; 0 for a connection. Windows tries a refused port three times, which takes 1 to 2 s.
function Test-Port([string]$to, [int]$port) {
    $socket = New-Object Net.Sockets.TcpClient ([Net.IPAddress]::Parse($to).AddressFamily)
    try {
        $wait = $socket.BeginConnect($to, $port, $null, $null)
        if (-not $wait.AsyncWaitHandle.WaitOne(3300)) { return 10060 }
        $socket.EndConnect($wait)
        return 0
    } catch {
        $why = $_.Exception
        while ($why.InnerException) { $why = $why.InnerException }
        if ($why -is [Net.Sockets.SocketException]) { return $why.ErrorCode }
        return -1
    } finally { $socket.Close() }
}

function Test-Echo([string]$to) {
    $ping = New-Object Net.NetworkInformation.Ping
    try {
        $reply = $ping.Send($to, 1000)
        return @{ to = $to; status = [int]$reply.Status; ms = [int]$reply.RoundtripTime }
    } catch {
        $why = $_.Exception
        while ($why.InnerException) { $why = $why.InnerException }
        $code = if ($why -is [ComponentModel.Win32Exception]) { $why.NativeErrorCode } else { -1 }
        return @{ to = $to; status = $code; ms = 0 }
    } finally { $ping.Dispose() }
}

function Get-Adapters {
    foreach ($adapter in [Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        $properties = $adapter.GetIPProperties()
        $four = try { $properties.GetIPv4Properties() } catch { $null }
        $six = try { $properties.GetIPv6Properties() } catch { $null }
        $index = if ($four) { $four.Index } elseif ($six) { $six.Index } else { 0 }
        $mtu = if ($four) { $four.Mtu } elseif ($six) { $six.Mtu } else { 0 }
        # The loopback's size does not fit into the number.
        if ($mtu -lt 0) { $mtu = 65536 }
        @{
            name = $adapter.Name; description = $adapter.Description; index = $index; mtu = $mtu
            up = ([int]$adapter.OperationalStatus -eq 1)
            addresses = @($properties.UnicastAddresses | ForEach-Object { "$($_.Address)/$($_.PrefixLength)" })
        }
    }
}

# The names of ClippyFront's workers, or the one that was said.
function Get-Workers {
    $script:answered = $false
    if (-not (Get-Command docker)) { return }
    $names = @(& docker ps --all --format '{{.Names}}' 2>$null)
    if ($LASTEXITCODE -ne 0) { return }
    $script:answered = $true
    $parts = '{{json .Name}}', '{{json .Created}}', '{{json .Image}}', '{{json .RestartCount}}', '{{json .State}}',
        '{{json .Config.Image}}', '{{json .NetworkSettings.Networks}}', '{{json .NetworkSettings.Ports}}'
    foreach ($name in $names) {
        if ($name -ne $Container -and $name -notmatch '^clippy.*worker') { continue }
        & docker inspect --type container --format ('[' + ($parts -join ',') + ']') $name 2>$null
    }
}

function Test-Asked([string]$part) { return ($Only -eq '' -or $Only -eq $part) }

$user = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
$seen = [ordered]@{
    clipcheck_windows = 1
    host = [Environment]::MachineName
    taken_at = 0
    administrator = $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
    installed = [bool]$wg
}
# Arrays are made here by `@( )`: one that a function returns whole would be printed as an object by PowerShell 5.
if (Test-Asked 'wg') {
    $lines = @(Show-WireGuard)
    $seen.wg = $null
    if ($answered) { $seen.wg = $lines }
}
if (Test-Asked 'service') {
    $kept = Join-Path $env:ProgramFiles 'WireGuard\Data\Configurations'
    $names = @(Get-ChildItem -LiteralPath $kept -ErrorVariable failed | ForEach-Object { $_.Name })
    $seen.tunnels = $null
    if (-not $failed) { $seen.tunnels = @($names -match '\.conf(\.dpapi)?$' -replace '\.conf(\.dpapi)?$', '') }
    $seen.services = @(Get-Service -Name 'WireGuardTunnel$*' | ForEach-Object {
        @{ name = $_.Name; status = [int]$_.Status; start = [int]$_.StartType }
    })
}
if ((Test-Asked 'adapters') -or (Test-Asked 'routes')) { $seen.adapters = @(Get-Adapters) }
if (Test-Asked 'routes') { $seen.route_print = @(& route.exe print | ForEach-Object { "$_" }) }
$to = $Server.ToString()
if (Test-Asked 'echo') { $seen.pings = @(Test-Echo $to) }
if (Test-Asked 'dials') {
    $seen.dials = @($RedisPort, $PostgresPort | ForEach-Object { @{ to = $to; port = $_; code = (Test-Port $to $_) } })
}
# An idle tunnel has no handshake, and looks just like a broken one: once more, now that something was sent.
if ($Only -eq '') {
    Start-Sleep -Seconds 2
    $lines = @(Show-WireGuard)
    $seen.wg_again = $null
    if ($answered) { $seen.wg_again = $lines }
}
$answered = $false
$containers = @()
if (Test-Asked 'docker') { $containers = @(Get-Workers) }
$seen.taken_at = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()

# Docker's answers are JSON already.
$json = ConvertTo-Json -InputObject $seen -Depth 4 -Compress
if ($answered) { $json = $json.Substring(0, $json.Length - 1) + ',"docker":[' + ($containers -join ',') + ']}' }
$json = [regex]::Replace($json, '[^\x00-\x7f]', { param($one) '\u{0:x4}' -f [int][char]$one.Value })
# Past PowerShell's own printer, which may break long lines.
if ($Out -eq '') { [Console]::Out.WriteLine($json) }
else { [IO.File]::WriteAllText($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Out), $json) }
