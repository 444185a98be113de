package ecs

import "github.com/wirelog/wirelog/schemas/mapping"

// A log holds what is special about one log.
type log struct {
	// dataset is the name in event.dataset and zeek.*, if it differs from the log's.
	dataset string
	// category and typ are event.category and event.type; the defaults are network and
	// info.
	category, typ string
	// transport and protocol are those of network, for logs without such a column.
	transport, protocol string
	columns             map[string][]mapping.Target
	derived             []mapping.Derived
}

// Short names for the tables.
var (
	kept = mapping.Kept
	to   = mapping.To
)

var (
	outcome  = []mapping.Target{{Field: "event.outcome", Names: map[string]string{"true": "success", "false": "failure"}}, kept}
	duration = []mapping.Target{{Field: "event.duration", Form: mapping.Nanoseconds}}
	user     = to("user.name", "related.user")
)

// status maps a text that means success to an outcome, and failures to an event type.
func status(success string) []mapping.Target {
	return []mapping.Target{
		{Field: "event.outcome", Names: map[string]string{success: "success", "": "failure"}},
		{Field: "event.type", Names: map[string]string{success: "", "": "error"}},
		kept,
	}
}

// flag adds a member to an array if the column is true.
func flag(field, name string) []mapping.Target {
	return []mapping.Target{{Field: field, Names: map[string]string{"true": name}}, kept}
}

func text(field string) []mapping.Target { return []mapping.Target{{Field: field, Form: mapping.Text}} }

// name maps a distinguished name, and the attributes in it to fields below another.
func name(whole, parts string) []mapping.Target {
	return mapping.ToName(whole, parts+".", []mapping.NamePart{
		{Field: "common_name", Kind: "CN"}, {Field: "country", Kind: "C"}, {Field: "locality", Kind: "L"},
		{Field: "organization", Kind: "O"}, {Field: "organizational_unit", Kind: "OU"}, {Field: "state_or_province", Kind: "ST"},
	})
}

// clientAndServer adds the fields for the roles of both sides.
func clientAndServer(columns map[string][]mapping.Target) map[string][]mapping.Target {
	columns["id.orig_h"] = append(to("client.address"), common["id.orig_h"]...)
	columns["id.resp_h"] = append(to("server.address"), common["id.resp_h"]...)
	return columns
}

// common maps the columns that mean the same in all logs.
var common = map[string][]mapping.Target{
	"ts":           to("@timestamp"),
	"uid":          to("event.id", "zeek.session_id"),
	"id.orig_h":    to("source.address", "source.ip", "related.ip"),
	"id.orig_p":    to("source.port"),
	"id.resp_h":    to("destination.address", "destination.ip", "related.ip"),
	"id.resp_p":    to("destination.port"),
	"community_id": to("network.community_id"),
	"orig_l2_addr": {{Field: "source.mac", Form: mapping.MAC}},
	"resp_l2_addr": {{Field: "destination.mac", Form: mapping.MAC}},
	"vlan":         text("network.vlan.id"),
	"inner_vlan":   text("network.inner.vlan.id"),
}

// connLog is conn and the logs with its columns, as a dataset.
func connLog(dataset string) log {
	return log{
		dataset: dataset, typ: "connection",
		columns: map[string][]mapping.Target{
			"proto":    to("network.transport"),
			"service":  to("network.protocol"),
			"duration": duration,
			"conn_state": {{Field: "zeek.connection.state"}, {Field: "event.type", Names: map[string]string{
				"S0": "start", "S1": "start", "SF": "start end", "REJ": "start denied", "": "info",
			}}},
			"orig_pkts":     to("source.packets"),
			"orig_ip_bytes": to("source.bytes"),
			"resp_pkts":     to("destination.packets"),
			"resp_ip_bytes": to("destination.bytes"),
			"ip_proto":      text("network.iana_number"),
		},
		derived: []mapping.Derived{
			{Field: "network.packets", Columns: []string{"orig_pkts", "resp_pkts"}},
			{Field: "network.bytes", Columns: []string{"orig_ip_bytes", "resp_ip_bytes"}},
			{Field: "network.direction", Columns: []string{"local_orig", "local_resp"}, Names: map[string]string{
				"true true": "internal", "true false": "outbound", "false true": "inbound", "false false": "external",
			}},
		},
	}
}

var logs = map[string]log{
	"analyzer": {
		typ: "error",
		columns: map[string][]mapping.Target{
			"proto":          to("network.transport"),
			"failure_reason": to("error.message"),
		},
	},
	"conn":      connLog("connection"),
	"conn_long": connLog("conn_long"),
	"open_conn": connLog("open_conn"),
	"dce_rpc": {
		typ: "connection protocol info", transport: "tcp", protocol: "dce_rpc",
		columns: map[string][]mapping.Target{
			"rtt":       duration,
			"operation": to("event.action"),
		},
	},
	"dhcp": {
		category: "network", typ: "connection protocol info", transport: "udp", protocol: "dhcp",
		columns: map[string][]mapping.Target{
			"client_addr": append(to("client.address", "client.ip", "related.ip"), kept),
			"server_addr": append(to("server.address", "server.ip", "related.ip"), kept),
			"mac":         {{Field: "client.mac", Form: mapping.MAC}, kept},
			"host_name":   append(to("client.domain"), kept),
			"duration":    duration,
		},
	},
	"dns": {
		typ: "connection info protocol", protocol: "dns",
		columns: map[string][]mapping.Target{
			"proto":    to("network.transport"),
			"trans_id": text("dns.id"),
			"rtt":      duration,
			"query":    to("dns.question.name"),
			"qclass": {{Field: "dns.question.class", Names: map[string]string{
				"1": "IN", "3": "CH", "4": "HS", "254": "NONE", "255": "ANY",
			}}, kept},
			"qtype_name": to("dns.question.type"),
			"rcode":      {{Field: "event.outcome", Names: map[string]string{"0": "success", "": "failure"}}, kept},
			"rcode_name": {{Field: "dns.response_code"}, {Field: "dns.type", Names: map[string]string{"": "answer"}, Unset: "query"}},
			"answers":    {{Field: "dns.answers.data"}, {Field: "dns.resolved_ip", Form: mapping.IP}},
			"TTLs":       {{Field: "dns.answers.ttl", Form: mapping.Seconds}},
			"AA":         flag("dns.header_flags", "AA"),
			"TC":         flag("dns.header_flags", "TC"),
			"RD":         flag("dns.header_flags", "RD"),
			"RA":         flag("dns.header_flags", "RA"),
		},
	},
	"files": {
		category: "file", typ: "info",
		columns: map[string][]mapping.Target{
			"mime_type":   to("file.mime_type"),
			"filename":    to("file.name"),
			"duration":    duration,
			"total_bytes": to("file.size"),
			"md5":         to("file.hash.md5", "related.hash"),
			"sha1":        to("file.hash.sha1", "related.hash"),
			"sha256":      to("file.hash.sha256", "related.hash"),
		},
	},
	"dnp3": {
		typ: "connection protocol", protocol: "dnp3",
		columns: map[string][]mapping.Target{"fc_request": to("event.action")},
	},
	"ftp": {
		typ: "connection info protocol", transport: "tcp", protocol: "ftp",
		columns: map[string][]mapping.Target{
			"user":      user,
			"command":   to("event.action"),
			"mime_type": to("file.mime_type"),
			"file_size": to("file.size"),
		},
	},
	"http": {
		category: "network web", typ: "connection info protocol", transport: "tcp", protocol: "http",
		columns: map[string][]mapping.Target{
			"method":            to("http.request.method", "event.action"),
			"host":              to("url.domain"),
			"uri":               {{Field: "url.original"}, {Field: "url.path", Form: mapping.Path}, {Field: "url.query", Form: mapping.Query}},
			"referrer":          to("http.request.referrer"),
			"version":           to("http.version"),
			"user_agent":        to("user_agent.original"),
			"request_body_len":  to("http.request.body.bytes"),
			"response_body_len": to("http.response.body.bytes"),
			"status_code":       {{Field: "http.response.status_code"}, {Field: "event.outcome", Form: mapping.Outcome}},
			"username":          to("url.username", "user.name", "related.user"),
			"password":          to("url.password"),
		},
	},
	"irc": {
		typ: "connection protocol info", transport: "tcp", protocol: "irc",
		columns: map[string][]mapping.Target{
			"user":          user,
			"command":       to("event.action"),
			"dcc_file_name": to("file.name"),
			"dcc_file_size": to("file.size"),
			"dcc_mime_type": to("file.mime_type"),
		},
	},
	"kerberos": {
		category: "network authentication", typ: "connection protocol access", protocol: "kerberos",
		columns: clientAndServer(map[string][]mapping.Target{
			"request_type":        to("event.action"),
			"client":              {{Field: "user.name", Form: mapping.User}, {Field: "user.domain", Form: mapping.Realm}, {Field: "related.user", Form: mapping.User}, kept},
			"success":             outcome,
			"client_cert_subject": name("tls.client.subject", "tls.client.x509.subject"),
			"server_cert_subject": name("tls.server.subject", "tls.server.x509.subject"),
		}),
	},
	"known_modbus": {
		category: "network host",
		columns:  map[string][]mapping.Target{"host": to("host.ip", "related.ip")},
	},
	"modbus": {
		typ: "connection protocol", transport: "tcp", protocol: "modbus",
		columns: map[string][]mapping.Target{
			"func":      to("event.action"),
			"exception": {{Field: "event.outcome", Names: map[string]string{"": "failure"}, Unset: "success"}, kept},
		},
	},
	"modbus_register_change": {
		typ: "change protocol", transport: "tcp", protocol: "modbus",
	},
	"mysql": {
		category: "database network", typ: "connection protocol", transport: "tcp", protocol: "mysql",
		columns: map[string][]mapping.Target{
			"cmd": {
				{Field: "event.action"},
				{Field: "event.type", Names: map[string]string{
					"connect": "access start", "connect_out": "access end",
					"init_db": "change", "change_user": "change", "set_option": "change", "drop_db": "change",
					"create_db": "change", "process_kill": "change", "delayed_insert": "change", "": "info",
				}},
				{Field: "event.category", Names: map[string]string{"connect": "session", "connect_out": "session"}},
			},
			"success": outcome,
		},
	},
	"ldap": {
		category: "network authentication", typ: "connection protocol", protocol: "ldap",
		columns: map[string][]mapping.Target{
			"opcode": to("event.action"),
			"result": {{Field: "event.outcome", Names: map[string]string{
				"success": "success", "compare false": "success", "compare true": "success", "SASL bind in progress": "unknown", "": "failure",
			}}, kept},
		},
	},
	"ldap_search": {
		typ: "connection protocol", protocol: "ldap",
		columns: map[string][]mapping.Target{
			"result": {{Field: "event.outcome", Names: map[string]string{"success": "success", "": "failure"}}, kept},
		},
	},
	"postgresql": {
		category: "database network", typ: "connection protocol", transport: "tcp", protocol: "postgresql",
		columns: map[string][]mapping.Target{
			"user":     user,
			"frontend": to("event.action"),
			"success":  outcome,
		},
	},
	"mqtt_connect": {
		category: "network session", typ: "connection protocol", transport: "tcp", protocol: "mqtt",
		columns: map[string][]mapping.Target{
			"connect_status": {{Field: "event.outcome", Names: map[string]string{"Connection Accepted": "success", "": "failure"}}, kept},
		},
	},
	"mqtt_publish":   {typ: "connection protocol", transport: "tcp", protocol: "mqtt"},
	"mqtt_subscribe": {typ: "connection protocol", transport: "tcp", protocol: "mqtt", columns: map[string][]mapping.Target{"action": to("event.action")}},
	"ntp":            {typ: "connection protocol info", transport: "udp", protocol: "ntp"},
	"ntlm": {
		category: "network authentication", typ: "connection info", transport: "tcp", protocol: "ntlm",
		columns: map[string][]mapping.Target{
			"username":   user,
			"domainname": to("user.domain"),
			"success":    outcome,
		},
	},
	"ocsp": {
		transport: "tcp", protocol: "ocsp",
		columns: map[string][]mapping.Target{
			"issuerNameHash": {{Field: "related.hash"}, kept},
			"issuerKeyHash":  {{Field: "related.hash"}, kept},
		},
	},
	"pe": {category: "file"},
	"quic": {
		typ: "connection protocol", transport: "udp", protocol: "quic",
		columns: clientAndServer(map[string][]mapping.Target{"server_name": to("tls.client.server_name")}),
	},
	"radius": {
		category: "network authentication", typ: "connection info", transport: "udp", protocol: "radius",
		columns: map[string][]mapping.Target{
			"username": user,
			"result":   {{Field: "event.outcome", Names: map[string]string{"success": "success", "failed": "failure", "": "unknown"}}, kept},
			"ttl":      duration,
		},
	},
	"rdp": {typ: "info protocol", transport: "tcp", protocol: "rdp"},
	"redis": {
		category: "database network", typ: "connection protocol", transport: "tcp", protocol: "redis",
		columns: map[string][]mapping.Target{"cmd.name": to("event.action"), "success": outcome},
	},
	"rfb": {
		category: "network session", typ: "connection protocol", transport: "tcp", protocol: "rfb",
		columns: map[string][]mapping.Target{"auth": outcome},
	},
	"sip": {
		typ: "connection protocol", protocol: "sip",
		columns: map[string][]mapping.Target{
			"method":     to("event.action"),
			"uri":        to("url.full"),
			"user_agent": to("user_agent.original"),
		},
	},
	"smb_cmd": {
		typ: "connection protocol", transport: "tcp", protocol: "smb",
		columns: map[string][]mapping.Target{
			"command":  to("event.action"),
			"rtt":      duration,
			"username": user,
			"status":   status("SUCCESS"),
		},
	},
	"smb_files": {
		category: "network file", typ: "connection protocol", transport: "tcp", protocol: "smb",
		columns: map[string][]mapping.Target{
			"action": {{Field: "event.action"}, {Field: "event.type", Names: map[string]string{
				"SMB::FILE_DELETE": "deletion", "SMB::FILE_RENAME": "change", "SMB::FILE_SET_ATTRIBUTE": "change", "": "info",
			}}},
			"name":           to("file.name"),
			"size":           to("file.size"),
			"times.modified": to("file.mtime"),
			"times.accessed": to("file.accessed"),
			"times.created":  to("file.created"),
			"times.changed":  to("file.ctime"),
		},
		derived: []mapping.Derived{{Field: "file.path", Columns: []string{"path", "name"}, Join: `\`}},
	},
	"smb_mapping": {typ: "connection protocol", transport: "tcp", protocol: "smb"},
	"smtp": {
		category: "network email", typ: "connection protocol", transport: "tcp", protocol: "smtp",
		columns: map[string][]mapping.Target{
			"mailfrom":         to("email.sender.address"),
			"from":             to("email.from.address"),
			"to":               to("email.to.address"),
			"cc":               to("email.cc.address"),
			"reply_to":         to("email.reply_to.address"),
			"msg_id":           to("email.message_id"),
			"subject":          to("email.subject"),
			"x_originating_ip": {{Field: "related.ip"}, kept},
			"user_agent":       to("email.x_mailer"),
			"tls":              to("tls.established"),
		},
	},
	"snmp": {
		typ: "connection protocol info", transport: "udp", protocol: "snmp",
		columns: map[string][]mapping.Target{"duration": duration},
	},
	"socks": {
		typ: "connection protocol", transport: "tcp", protocol: "socks",
		columns: map[string][]mapping.Target{"user": user, "status": status("succeeded")},
	},
	"ssh": {
		category: "network authentication", typ: "connection protocol", transport: "tcp", protocol: "ssh",
		columns: map[string][]mapping.Target{"auth_success": outcome},
	},
	"ssl": {
		typ: "connection protocol", protocol: "tls",
		columns: clientAndServer(map[string][]mapping.Target{
			"version": {
				{Field: "tls.version", Names: map[string]string{
					"SSLv2": "2.0", "SSLv3": "3.0", "TLSv10": "1.0", "TLSv11": "1.1", "TLSv12": "1.2", "TLSv13": "1.3",
					"DTLSv10": "1.0", "DTLSv12": "1.2", "DTLSv13": "1.3",
				}},
				{Field: "tls.version_protocol", Names: map[string]string{
					"SSLv2": "ssl", "SSLv3": "ssl", "TLSv10": "tls", "TLSv11": "tls", "TLSv12": "tls", "TLSv13": "tls",
					"DTLSv10": "dtls", "DTLSv12": "dtls", "DTLSv13": "dtls",
				}},
				kept,
			},
			"cipher":        to("tls.cipher"),
			"curve":         to("tls.curve"),
			"server_name":   to("tls.client.server_name"),
			"resumed":       to("tls.resumed"),
			"next_protocol": to("tls.next_protocol"),
			"established":   to("tls.established"),
			"ja3":           to("tls.client.ja3", "related.hash"),
			"ja3s":          to("tls.server.ja3s", "related.hash"),
		}),
	},
	"stun":      {typ: "connection protocol info", protocol: "stun", columns: map[string][]mapping.Target{"method": to("event.action")}},
	"stun_nat":  {typ: "info protocol", protocol: "stun"},
	"wireguard": {typ: "connection protocol info", transport: "udp", protocol: "wireguard"},
	"ipsec":     {typ: "connection protocol info", transport: "udp", protocol: "isakmp"},
	"syslog": {
		typ: "connection protocol info", protocol: "syslog",
		columns: map[string][]mapping.Target{
			"proto":    to("network.transport"),
			"facility": to("log.syslog.facility.name"),
			"severity": to("log.syslog.severity.name"),
			"message":  to("message"),
		},
	},
	"tftp": {
		category: "network file", typ: "connection protocol", transport: "udp", protocol: "tftp",
		columns: map[string][]mapping.Target{"fname": to("file.name"), "size": to("file.size")},
	},
	"tunnel": {
		typ:     "connection",
		columns: map[string][]mapping.Target{"action": to("event.action")},
	},
	"websocket": {
		category: "network web", typ: "connection protocol", transport: "tcp", protocol: "websocket",
		columns: map[string][]mapping.Target{
			"host":       to("url.domain"),
			"uri":        {{Field: "url.original"}, {Field: "url.path", Form: mapping.Path}, {Field: "url.query", Form: mapping.Query}},
			"user_agent": to("user_agent.original"),
		},
	},
	"weird": {
		columns: map[string][]mapping.Target{"name": to("rule.name")},
	},
	"x509": {
		columns: map[string][]mapping.Target{
			"certificate.version":          text("file.x509.version_number"),
			"certificate.serial":           to("file.x509.serial_number"),
			"fingerprint":                  to("event.id", "file.hash.sha256", "related.hash"),
			"certificate.subject":          name("file.x509.subject.distinguished_name", "file.x509.subject"),
			"certificate.issuer":           name("file.x509.issuer.distinguished_name", "file.x509.issuer"),
			"certificate.not_valid_before": to("file.x509.not_before"),
			"certificate.not_valid_after":  to("file.x509.not_after"),
			"certificate.key_alg":          to("file.x509.public_key_algorithm"),
			"certificate.sig_alg": {{Field: "file.x509.signature_algorithm", Rest: true, Names: map[string]string{
				"md2WithRSAEncryption": "MD2-RSA", "md5WithRSAEncryption": "MD5-RSA", "sha1WithRSAEncryption": "SHA1-RSA",
				"sha256WithRSAEncryption": "SHA256-RSA", "sha384WithRSAEncryption": "SHA384-RSA", "sha512WithRSAEncryption": "SHA512-RSA",
				"dsaWithSHA1": "DSA-SHA1", "dsa_with_SHA256": "DSA-SHA256",
				"ecdsa-with-SHA1": "ECDSA-SHA1", "ecdsa-with-SHA256": "ECDSA-SHA256", "ecdsa-with-SHA384": "ECDSA-SHA384",
				"ecdsa-with-SHA512": "ECDSA-SHA512", "ED25519": "Ed25519",
			}}},
			"certificate.key_length": to("file.x509.public_key_size"),
			"certificate.exponent":   to("file.x509.public_key_exponent"),
			"certificate.curve":      to("file.x509.public_key_curve"),
			"san.dns":                to("file.x509.alternative_names"),
			"san.uri":                to("file.x509.alternative_names"),
			"san.email":              to("file.x509.alternative_names"),
			"san.ip":                 to("file.x509.alternative_names"),
		},
	},
}
