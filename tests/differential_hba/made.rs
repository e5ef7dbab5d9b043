//! Makes `pg_hba.conf` files: mostly sound lines, some broken ones, in every spelling that the reader must know.

/// A generator with a seed, so that a disagreement can be seen again.
pub struct Maker(u64);

impl Maker {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// One in `of`.
    pub fn chance(&mut self, of: u64) -> bool {
        self.next().is_multiple_of(of)
    }

    /// One of these.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.next()).unwrap_or(0) % of.len()]
    }

    /// A file. Its first line lets the tester in, over the socket.
    pub fn file(&mut self) -> String {
        let mut text = "local all postgres trust\n".to_owned();
        for _ in 0..=self.next() % 7 {
            let mut line = if self.chance(12) { self.nonsense() } else { self.line() };
            if self.chance(25) {
                line = self.mutated(&line);
            }
            text.push_str(&line);
            text.push_str(self.one(&[
                "\n",
                "\n",
                "\n",
                "\n",
                " # why\n",
                "\t\n",
                "\r\n",
                "\n\n# host all all all trust\n",
            ]));
        }
        text
    }

    fn gap(&mut self) -> &'static str {
        self.one(&[" ", " ", " ", "  ", "\t", " \t ", " \\\n ", "\t\\\n"])
    }

    fn line(&mut self) -> String {
        let kind = self.one(&[
            "host",
            "host",
            "host",
            "host",
            "hostssl",
            "hostnossl",
            "hostnogssenc",
            "hostgssenc",
            "local",
            "\"host\"",
        ]);
        let databases = self.list(&[
            "all",
            "all",
            "d1",
            "d1",
            "\"all\"",
            "sameuser",
            "samegroup",
            "samerole",
            "replication",
            "\"sameuser\"",
            "u1",
            "\"d\"1",
            "\"d 1\"",
            "@dbs",
            "g1",
            "\"repl\"\"x\"",
            "D1",
            "/^d",
            "template1",
        ]);
        let roles = self.list(&[
            "all", "all", "u1", "u1", "u2", "\"all\"", "+g1", "+g2", "\"+g1\"", "+u1", "@roles", "U1", "\"u1\"",
            "+nobody", "u\"1\"", "@nothere",
        ]);
        let mut words = vec![kind.to_owned(), databases, roles];
        if kind != "local" {
            words.push(self.from());
        }
        words.push(self.method().to_owned());
        if self.chance(10) {
            words.push(self.one(OPTIONS).to_owned());
        }
        let mut line = String::new();
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                line.push_str(self.gap());
            }
            line.push_str(word);
        }
        line
    }

    fn list(&mut self, of: &[&str]) -> String {
        let mut list = self.one(of).to_owned();
        while self.chance(3) {
            list.push_str(self.one(&[",", ",", ", ", ",,", ",\t"]));
            list.push_str(self.one(of));
        }
        if self.chance(40) {
            list.push(',');
        }
        list
    }

    fn from(&mut self) -> String {
        if self.chance(4) {
            return self
                .one(&["all", "samehost", "samenet", "\"all\"", "all", "localhost", ".example.org", "\"samenet\""])
                .to_owned();
        }
        if self.chance(5) {
            let address = self.one(&[
                "127.0.0.2",
                "127.0.0.0",
                "127.0",
                "0x7f.1",
                "0177.0.0.2",
                "127.8.0.2",
                "::1",
                "10.8.0.1",
                "127.0.0.256",
                "fe80::1%1",
            ]);
            let mask = self.one(&[
                "255.255.255.255",
                "255.255.255.0",
                "255.0.0.255",
                "255.0.0.0",
                "0.0.0.0",
                "ffff::",
                "255.255.255.256",
                "24",
                "255.255.0.0 255.0.0.0",
            ]);
            return format!("{address}{}{mask}", self.gap());
        }
        let address = self.one(&[
            "127.0.0.1",
            "127.0.0.2",
            "127.0.0.0",
            "127.0.1.0",
            "127.8.0.0",
            "0.0.0.0",
            "10.8.0.0",
            "::1",
            "::",
            "fd00:8::1",
            "127.1",
            "0",
            "127.0.0.2",
            "2130706434",
            "127.0.0.02",
            "::ffff:127.0.0.2",
            "host.example",
        ]);
        let length = if address.contains(':') {
            self.one(&["128", "64", "0", "129"])
        } else {
            self.one(&["32", "32", "24", "24", "16", "8", "0", "33", "31", "030", "+8", "-1", "x", ""])
        };
        format!("{address}/{length}")
    }

    fn method(&mut self) -> &'static str {
        self.one(&[
            "trust",
            "trust",
            "reject",
            "reject",
            "password",
            "password",
            "md5",
            "md5",
            "scram-sha-256",
            "scram-sha-256",
            "scram-sha-256",
            "ident",
            "peer",
            "gss",
            "pam",
            "cert",
            "ldap",
            "radius",
            "sspi",
            "bsd",
            "scram",
            "MD5",
            "\"trust\"",
            "trust,reject",
        ])
    }

    fn nonsense(&mut self) -> String {
        self.one(&[
            "host",
            "host all",
            "host all all",
            "host all all all",
            "host all all 127.0.0.1",
            "host all all 127.0.0.1 255.255.255.255",
            "hosts all all all trust",
            "HOST all all all trust",
            "local all all 127.0.0.1/32 trust",
            "host,local all all all trust",
            "include other.conf",
            "include_dir conf.d",
            "\"\"",
            ",",
            ", host all all all trust",
            "\"host all all all trust",
            "host all all all trust \"",
            "host \"\" all all trust",
            "host all @ all trust",
            "hostgssenc all all all md5",
            "hostgssenc all all all gss include_realm=1",
            "host all all all,127.0.0.1/32 trust",
            "local all all gss",
            "#local all all trust",
            "\\",
            "host all all all trust \\",
            "@dbs",
            "host all all 127.0.0.1/24 255.0.0.0 trust",
            "host all all 127.0.0.1/32/32 trust",
        ])
        .to_owned()
    }

    /// One byte left out, doubled or changed.
    fn mutated(&mut self, line: &str) -> String {
        let mut chars: Vec<char> = line.chars().collect();
        let at = usize::try_from(self.next()).unwrap_or(0) % chars.len().max(1);
        match self.next() % 3 {
            0 => drop(chars.remove(at)),
            1 => chars.insert(at, chars[at]),
            _ => {
                let other = self.one(&[",", "\"", "#", " ", "/", "@", "+", "\\", "=", "9", "x"]);
                chars.splice(at..=at, other.chars());
            }
        }
        chars.into_iter().collect()
    }
}

const OPTIONS: &[&str] = &[
    "map=m",
    "clientcert=verify-full",
    "clientcert=verify-ca",
    "clientcert=1",
    "clientname=DN",
    "clientname=x",
    "nonsense=1",
    "nonsense",
    "include_realm=0",
    "krb_realm=X",
    "pamservice=x",
    "ldapserver=x ldapprefix=y",
    "ldapserver=x",
    "ldapserver=x ldapbasedn=\"dc=x\" ldapbindpasswd=secret",
    "ldapserver=x ldapprefix=y ldapbasedn=z",
    "radiusservers=127.0.0.1 radiussecrets=s",
    "radiusservers=127.0.0.1",
    "ldapport=x",
    "map=a map=b",
    "\"map=a b\"",
    "ldapscheme=ldaps",
    "ldapscheme=x",
    "pam_use_hostname=1",
    "compat_realm=1",
    "=",
    "radiusports=0 radiusservers=127.0.0.1 radiussecrets=s",
    "ldapbasedn=x ldapsearchattribute=a ldapsearchfilter=b",
    "ldapurl=ldap://h/dc=x?uid?sub",
    "ldapurl=http://h/",
    "radiusservers=\"127.0.0.1,127.0.0.2\" radiussecrets=\"a\"",
];
