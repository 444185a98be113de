package cim

import "github.com/wirelog/wirelog/schemas/mapping"

// A log holds what is special about one log.
type log struct {
	model string // a key of datasets, or ""
	// app and transport are those of logs without such a column.
	app, transport string
	columns        map[string][]mapping.Target
	derived        []mapping.Derived
}

// datasets are the data models, by their names in Splunk's files.
var datasets = map[string]Dataset{
	"Network_Traffic":    {"Network_Traffic", []string{"network", "communicate"}},
	"Network_Resolution": {"Network_Resolution", []string{"network", "resolution", "dns"}},
	"Web":                {"Web", []string{"web"}},
	"Email":              {"Email", []string{"email"}},
	"Authentication":     {"Authentication", []string{"authentication"}},
	"Certificates":       {"Certificates", []string{"certificate", "ssl"}},
	"Databases":          {"Databases", []string{"database", "query"}},
}

// Short names for the tables.
var (
	kept = mapping.Kept
	to   = mapping.To
)

var (
	// result is the action of an authentication.
	result = []mapping.Target{{Field: "action", Names: map[string]string{"true": "success", "false": "failure"}}, kept}
	user   = to("user")
	url    = []mapping.Target{{Field: "url"}, {Field: "uri_path", Form: mapping.Path}, {Field: "uri_query", Form: mapping.Query}}
)

// common maps the columns that mean the same in all logs. ts keeps its name.
var common = map[string][]mapping.Target{
	"uid":          {{Field: "session_id"}, kept},
	"id.orig_h":    to("src", "src_ip"),
	"id.orig_p":    to("src_port"),
	"id.resp_h":    to("dest", "dest_ip"),
	"id.resp_p":    to("dest_port"),
	"proto":        to("transport"),
	"orig_l2_addr": to("src_mac"),
	"resp_l2_addr": to("dest_mac"),
	"vlan":         to("vlan"),
}

// connLog is conn and the logs with its columns.
var connLog = log{
	model: "Network_Traffic",
	columns: map[string][]mapping.Target{
		"service": to("app"),
		"conn_state": {
			{Field: "action", Names: map[string]string{"REJ": "blocked", "": "allowed"}}, kept,
		},
		"orig_pkts":     to("packets_out"),
		"orig_ip_bytes": to("bytes_out"),
		"resp_pkts":     to("packets_in"),
		"resp_ip_bytes": to("bytes_in"),
	},
	derived: []mapping.Derived{
		{Field: "packets", Columns: []string{"orig_pkts", "resp_pkts"}},
		{Field: "bytes", Columns: []string{"orig_ip_bytes", "resp_ip_bytes"}},
		{Field: "direction", Columns: []string{"local_orig", "local_resp"}, Names: map[string]string{
			"true true": "internal", "true false": "outbound", "false true": "inbound", "false false": "external",
		}},
	},
}

var logs = map[string]log{
	"conn":      connLog,
	"conn_long": connLog,
	"open_conn": connLog,
	"dce_rpc":   {app: "dce_rpc", transport: "tcp", columns: map[string][]mapping.Target{"rtt": to("response_time")}},
	"dns": {
		model: "Network_Resolution",
		columns: map[string][]mapping.Target{
			"trans_id":    to("transaction_id"),
			"rtt":         to("response_time"),
			"qtype_name":  to("record_type"),
			"rcode":       to("reply_code_id"),
			"rcode_name":  {{Field: "reply_code"}, {Field: "message_type", Names: map[string]string{"": "Response"}, Unset: "Query"}},
			"answers":     to("answer"),
			"TTLs":        {{Field: "ttl", Form: mapping.Seconds}},
			"opcode_name": to("query_type"),
		},
	},
	"files": {
		columns: map[string][]mapping.Target{
			"source":      to("app"),
			"filename":    to("file_name"),
			"total_bytes": to("file_size"),
			"md5":         {{Field: "file_hash"}, kept},
		},
	},
	"ftp": {
		app: "ftp", transport: "tcp",
		columns: map[string][]mapping.Target{"user": user, "file_size": to("file_size")},
	},
	"http": {
		model: "Web", app: "http", transport: "tcp",
		columns: map[string][]mapping.Target{
			"method":            to("http_method"),
			"host":              to("site", "url_domain"),
			"uri":               url,
			"referrer":          to("http_referrer"),
			"user_agent":        to("http_user_agent"),
			"request_body_len":  to("bytes_out"),
			"response_body_len": to("bytes_in"),
			"status_code":       to("status"),
			"username":          user,
		},
		derived: []mapping.Derived{{Field: "bytes", Columns: []string{"request_body_len", "response_body_len"}}},
	},
	"irc": {
		app: "irc", transport: "tcp",
		columns: map[string][]mapping.Target{"user": user, "dcc_file_name": to("file_name"), "dcc_file_size": to("file_size")},
	},
	"kerberos": {
		model: "Authentication", app: "kerberos",
		columns: map[string][]mapping.Target{
			"request_type": to("authentication_method"),
			"client":       {{Field: "user", Form: mapping.User}, kept},
			"service":      to("authentication_service"),
			"success":      result,
			"error_msg":    to("reason"),
		},
	},
	"dnp3": {app: "dnp3"},
	"quic": {app: "quic", transport: "udp"},
	"rfb":  {app: "rfb", transport: "tcp"},
	"sip": {
		app:     "sip",
		columns: map[string][]mapping.Target{"user_agent": to("http_user_agent"), "status_code": to("status")},
	},
	"modbus":                 {app: "modbus", transport: "tcp"},
	"modbus_register_change": {app: "modbus", transport: "tcp"},
	"mysql": {
		model: "Databases", app: "mysql", transport: "tcp",
		columns: map[string][]mapping.Target{"arg": to("query"), "rows": to("records_affected")},
	},
	"postgresql": {
		model: "Databases", app: "postgresql", transport: "tcp",
		columns: map[string][]mapping.Target{"user": user, "frontend_arg": to("query"), "rows": to("records_affected")},
	},
	"ldap":        {app: "ldap"},
	"ldap_search": {app: "ldap"},
	"redis": {
		model: "Databases", app: "redis", transport: "tcp",
		columns: map[string][]mapping.Target{"cmd.name": to("query")},
	},
	"mqtt_connect":   {app: "mqtt", transport: "tcp"},
	"mqtt_publish":   {app: "mqtt", transport: "tcp"},
	"mqtt_subscribe": {app: "mqtt", transport: "tcp", columns: map[string][]mapping.Target{"action": to("mqtt_action")}},
	"tftp": {
		app: "tftp", transport: "udp",
		columns: map[string][]mapping.Target{"fname": to("file_name"), "size": to("file_size")},
	},
	"dhcp": {app: "dhcp", transport: "udp"},
	"ntp":  {app: "ntp", transport: "udp"},
	"radius": {
		model: "Authentication", app: "radius", transport: "udp",
		columns: map[string][]mapping.Target{
			"username":  user,
			"result":    {{Field: "action", Names: map[string]string{"success": "success", "failed": "failure", "": "unknown"}}, kept},
			"reply_msg": to("reason"),
		},
	},
	"snmp": {app: "snmp", transport: "udp"},
	"ntlm": {
		model: "Authentication", app: "ntlm", transport: "tcp",
		columns: map[string][]mapping.Target{"username": user, "success": result},
	},
	"rdp": {app: "rdp", transport: "tcp"},
	"smb_cmd": {
		app: "smb", transport: "tcp",
		columns: map[string][]mapping.Target{"rtt": to("response_time"), "username": user},
	},
	"smb_files": {
		app: "smb", transport: "tcp",
		columns: map[string][]mapping.Target{"name": to("file_name"), "size": to("file_size"), "action": to("smb_action")},
		derived: []mapping.Derived{{Field: "file_path", Columns: []string{"path", "name"}, Join: `\`}},
	},
	"smb_mapping": {app: "smb", transport: "tcp"},
	"smtp": {
		model: "Email", app: "smtp", transport: "tcp",
		columns: map[string][]mapping.Target{
			"mailfrom":   to("src_user"),
			"rcptto":     to("recipient"),
			"reply_to":   to("return_addr"),
			"msg_id":     to("message_id"),
			"last_reply": to("status_code"),
		},
	},
	"socks": {app: "socks", transport: "tcp", columns: map[string][]mapping.Target{"user": user}},
	"ssh": {
		model: "Authentication", app: "ssh", transport: "tcp",
		columns: map[string][]mapping.Target{"auth_success": result},
	},
	"ssl": {
		model: "Certificates", app: "ssl",
		columns: map[string][]mapping.Target{
			"version":        to("ssl_version"),
			"cert_chain_fps": to("ssl_hash"),
		},
	},
	"stun":      {app: "stun"},
	"stun_nat":  {app: "stun"},
	"wireguard": {app: "wireguard", transport: "udp"},
	"ipsec":     {app: "isakmp", transport: "udp"},
	"syslog":    {app: "syslog"},
	"tunnel":    {columns: map[string][]mapping.Target{"action": to("tunnel_action")}},
	"websocket": {
		model: "Web", app: "websocket", transport: "tcp",
		columns: map[string][]mapping.Target{
			"host": to("site", "url_domain"), "uri": url, "user_agent": to("http_user_agent"),
		},
	},
	"weird": {columns: map[string][]mapping.Target{"name": to("signature")}},
	"x509": {
		model: "Certificates",
		columns: map[string][]mapping.Target{
			"fingerprint":                  to("ssl_hash"),
			"certificate.serial":           to("ssl_serial"),
			"certificate.subject":          name("ssl_subject"),
			"certificate.issuer":           name("ssl_issuer"),
			"certificate.not_valid_before": to("ssl_start_time"),
			"certificate.not_valid_after":  to("ssl_end_time"),
			"certificate.key_alg":          to("ssl_publickey_algorithm"),
			"certificate.sig_alg":          to("ssl_signature_algorithm"),
		},
	},
}

// name maps a distinguished name, and the attributes in it.
func name(field string) []mapping.Target {
	return mapping.ToName(field, field+"_", []mapping.NamePart{
		{Field: "common_name", Kind: "CN"}, {Field: "locality", Kind: "L"}, {Field: "organization", Kind: "O"},
		{Field: "state", Kind: "ST"}, {Field: "unit", Kind: "OU"},
	})
}
