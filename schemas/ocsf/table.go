package ocsf

import (
	"strconv"

	"github.com/wirelog/wirelog/schemas/mapping"
)

// A class is an event class.
type class struct {
	name, categoryName string
	category           int
	// common has the targets of columns that mean the same in all logs.
	common map[string][]mapping.Target
}

// Numbers of classes.
const (
	base           = 0
	authentication = 3002
	network        = 4001
	http           = 4002
	dns            = 4003
	rdp            = 4005
	smb            = 4006
	ssh            = 4007
	ftp            = 4008
	email          = 4009
	networkFile    = 4010
	tunnel         = 4014
)

// Numbers of activities of class network and those like it.
const (
	opened  = 1
	closed  = 2
	reset   = 3
	failed  = 4
	refused = 5
	traffic = 6
	other   = 99
)

// unset stands for an unset column in the table of activities.
const unset = "\x00"

const networkCategory, identityCategory = "Network Activity", "Identity & Access Management"

var classes = map[int]class{
	base:           {"Base Event", "Uncategorized", 0, common(nil)},
	authentication: {"Authentication", identityCategory, 3, common(endpoints)},
	network:        {"Network Activity", networkCategory, 4, common(endpoints, connection)},
	http:           {"HTTP Activity", networkCategory, 4, common(endpoints, connection)},
	dns:            {"DNS Activity", networkCategory, 4, common(endpoints, connection)},
	rdp:            {"RDP Activity", networkCategory, 4, common(endpoints, connection)},
	smb:            {"SMB Activity", networkCategory, 4, common(endpoints, connection)},
	ssh:            {"SSH Activity", networkCategory, 4, common(endpoints, connection)},
	ftp:            {"FTP Activity", networkCategory, 4, common(endpoints, connection)},
	email:          {"Email Activity", networkCategory, 4, common(endpoints)},
	networkFile:    {"Network File Activity", networkCategory, 4, common(endpoints, connection)},
	tunnel:         {"Tunnel Activity", networkCategory, 4, common(endpoints, connection)},
}

// common adds maps of targets up. All logs have a time.
func common(parts ...map[string][]mapping.Target) map[string][]mapping.Target {
	all := map[string][]mapping.Target{
		"ts":  {{Field: "time", Form: mapping.EpochMillis}},
		"uid": to("metadata.correlation_uid"),
	}
	for _, p := range parts {
		for name, targets := range p {
			all[name] = targets
		}
	}
	return all
}

var endpoints = map[string][]mapping.Target{
	"id.orig_h":    to("src_endpoint.ip"),
	"id.orig_p":    to("src_endpoint.port"),
	"id.resp_h":    to("dst_endpoint.ip"),
	"id.resp_p":    to("dst_endpoint.port"),
	"orig_l2_addr": to("src_endpoint.mac"),
	"resp_l2_addr": to("dst_endpoint.mac"),
	"vlan":         {{Field: "src_endpoint.vlan_uid", Form: mapping.Text}},
}

var connection = map[string][]mapping.Target{
	"uid":          to("connection_info.uid", "metadata.correlation_uid"),
	"proto":        to("connection_info.protocol_name"),
	"community_id": to("connection_info.community_uid"),
}

// A log holds what is special about one log.
type log struct {
	class int
	// activity is the activity of all rows or, with activities, of those that it does not
	// name: by values of the column activityOf.
	activity   int
	activityOf string
	activities map[string]int
	more       []mapping.Constant
	columns    map[string][]mapping.Target
	derived    []mapping.Derived
}

// keep keeps a column in unmapped, in addition to its other targets.
var keep = []mapping.Target{mapping.Kept}

// to is a short name for the table.
var to = mapping.To

// named is a text that an object must have.
func named(field string) []mapping.Target {
	return []mapping.Target{{Field: field, Unset: "unknown"}}
}

// known is a number that the schema has names for in the ranges first to last, and 99
// beyond them.
func known(field string, ranges ...[2]int) mapping.Target {
	names := map[string]string{"": strconv.Itoa(other)}
	for _, r := range ranges {
		for n := r[0]; n <= r[1]; n++ {
			names[strconv.Itoa(n)] = strconv.Itoa(n)
		}
	}
	return mapping.Target{Field: field, JSON: true, Names: names}
}

// methods are those that http_method may have.
func methods() map[string]string {
	names := map[string]string{}
	for _, m := range []string{"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"} {
		names[m] = m
	}
	return names
}

func hash(algorithm string, id string) []mapping.Target {
	return []mapping.Target{{Field: "file.hashes", Before: `{"algorithm":"` + algorithm + `","algorithm_id":` + id + `,"value":`, After: "}"}}
}

var (
	direction = number("connection_info.direction_id", 0)
	duration  = []mapping.Target{{Field: "duration", Form: mapping.Milliseconds}}
	millis    = func(field string) []mapping.Target {
		return []mapping.Target{{Field: field, Form: mapping.EpochMillis}}
	}
)

// app names the protocol of a log.
func app(name string) []mapping.Constant {
	return []mapping.Constant{direction, text("app_protocol_name", name)}
}

// status maps a value that means success to 1, others to 2, and keeps the column.
func status(success string) []mapping.Target {
	return []mapping.Target{
		{Field: "status_id", JSON: true, Names: map[string]string{success: "1", "": "2"}},
		{Field: "status", Names: map[string]string{success: "Success", "": "Failure"}},
		{},
	}
}

// connLog is conn. Without activities, it is a log with its columns of connections that are
// still open, whose activity does not depend on their state.
func connLog(activityOf string, activities map[string]int) log {
	return log{
		class: network, activity: traffic, activityOf: activityOf, activities: activities,
		columns: map[string][]mapping.Target{
			"service":       to("app_protocol_name"),
			"duration":      duration,
			"ip_proto":      to("connection_info.protocol_num"),
			"history":       to("connection_info.flag_history"),
			"orig_pkts":     to("traffic.packets_out"),
			"orig_ip_bytes": to("traffic.bytes_out"),
			"resp_pkts":     to("traffic.packets_in"),
			"resp_ip_bytes": to("traffic.bytes_in"),
			"missed_bytes":  to("traffic.bytes_missed"),
		},
		derived: []mapping.Derived{
			{Field: "traffic.packets", Columns: []string{"orig_pkts", "resp_pkts"}},
			{Field: "traffic.bytes", Columns: []string{"orig_ip_bytes", "resp_ip_bytes"}},
			{Field: "connection_info.direction_id", Columns: []string{"local_orig", "local_resp"}, JSON: true, Names: map[string]string{
				"true true": "3", "true false": "2", "false true": "1", "false false": "99",
			}},
			{Field: "connection_info.direction", Columns: []string{"local_orig", "local_resp"}, Names: map[string]string{
				"true true": "Lateral", "true false": "Outbound", "false true": "Inbound", "false false": "external",
			}},
		},
	}
}

var logs = map[string]log{
	"analyzer": {
		class: network, activity: other, more: []mapping.Constant{direction},
		columns: map[string][]mapping.Target{"failure_reason": to("message")},
	},
	"conn": connLog("conn_state", map[string]int{
		"S0": failed, "SH": failed, "SF": closed, "REJ": refused, "RSTO": reset, "RSTR": reset, "RSTOS0": reset, "RSTRH": reset,
	}),
	"conn_long": connLog("", nil),
	"open_conn": connLog("", nil),
	"dce_rpc": {
		class: network, activity: traffic, more: app("dce_rpc"),
		columns: map[string][]mapping.Target{"rtt": duration},
	},
	"dns": {
		// A query without a reply, or both.
		class: dns, activity: traffic, activityOf: "rcode_name", activities: map[string]int{unset: 1},
		more: app("dns"),
		columns: map[string][]mapping.Target{
			"rtt":        duration,
			"query":      named("query.hostname"),
			"qtype_name": to("query.type"),
			"qclass":     {{Field: "query.class", Names: map[string]string{"1": "IN", "3": "CH", "4": "HS", "254": "NONE", "255": "ANY"}}, {}},
			"opcode":     {known("query.opcode_id", [2]int{0, 6})},
			"trans_id":   to("query.packet_uid"),
			"rcode_name": to("rcode"),
			"rcode":      {known("rcode_id", [2]int{0, 11}, [2]int{16, 25}), {Field: "status_id", JSON: true, Names: map[string]string{"0": "1", "": "2"}}},
			"answers":    {{}},
			"TTLs":       {{Field: mapping.NoField, Form: mapping.Seconds}},
		},
		derived: []mapping.Derived{{Field: "answers", Columns: []string{"answers", "TTLs"}, Zip: []string{"rdata", "ttl"}}},
	},
	"files": {
		class: networkFile, activity: 0, activityOf: "is_orig", activities: map[string]int{"true": 1, "false": 2},
		more: []mapping.Constant{direction, number("file.type_id", 1)},
		columns: map[string][]mapping.Target{
			"source":      named("actor.app_name"),
			"fuid":        to("file.uid"),
			"filename":    named("file.name"),
			"mime_type":   to("file.mime_type"),
			"duration":    duration,
			"total_bytes": to("file.size"),
			"md5":         hash("MD5", "1"),
			"sha1":        hash("SHA-1", "2"),
			"sha256":      hash("SHA-256", "3"),
		},
	},
	"ftp": {
		class: ftp, activity: other, activityOf: "command", activities: map[string]int{"STOR": 1, "STOU": 1, "APPE": 1, "RETR": 2, "DELE": 4},
		more: app("ftp"),
		columns: map[string][]mapping.Target{
			"command":    to("command"),
			"reply_code": to("codes"),
			"reply_msg":  to("command_responses"),
		},
	},
	"http": {
		class: http, activity: other, activityOf: "method",
		activities: map[string]int{"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8, "PATCH": 9},
		more:       app("http"),
		columns: map[string][]mapping.Target{
			"method":            {{Field: "http_request.http_method", Names: methods()}, {}},
			"host":              to("http_request.url.hostname"),
			"uri":               {{Field: "http_request.url.url_string"}, {Field: "http_request.url.path", Form: mapping.Path}, {Field: "http_request.url.query_string", Form: mapping.Query}},
			"referrer":          to("http_request.referrer"),
			"version":           to("http_request.version"),
			"user_agent":        to("http_request.user_agent"),
			"request_body_len":  to("http_request.body_length"),
			"response_body_len": to("http_response.body_length"),
			"status_code":       {{Field: "http_response.code", JSON: true, Unset: "0"}},
			"status_msg":        to("http_response.status"),
		},
	},
	"irc": {class: network, activity: traffic, more: app("irc")},
	"kerberos": {
		class: authentication, activity: other, activityOf: "request_type", activities: map[string]int{"AS": 3, "TGS": 4},
		more: []mapping.Constant{number("auth_protocol_id", 2), text("auth_protocol", "Kerberos")},
		columns: map[string][]mapping.Target{
			"client":    named("user.name"),
			"service":   to("service.name"),
			"success":   status("true"),
			"error_msg": to("status_detail"),
		},
	},
	"dnp3": {class: network, activity: traffic, more: app("dnp3")},
	"quic": {class: network, activity: traffic, more: app("quic")},
	"rfb": {
		class: network, activity: traffic, more: app("rfb"),
		columns: map[string][]mapping.Target{"auth": status("true")},
	},
	"sip":                    {class: network, activity: traffic, more: app("sip")},
	"capture_loss":           {class: base, activity: other},
	"stats":                  {class: base, activity: other},
	"sensor":                 {class: base, activity: other},
	"known_modbus":           {class: base, activity: other},
	"modbus":                 {class: network, activity: traffic, more: app("modbus")},
	"modbus_register_change": {class: network, activity: traffic, more: app("modbus")},
	"mysql": {
		class: network, activity: traffic, more: app("mysql"),
		columns: map[string][]mapping.Target{"success": status("true")},
	},
	"postgresql": {
		class: network, activity: traffic, more: app("postgresql"),
		columns: map[string][]mapping.Target{"success": status("true")},
	},
	"ldap": {
		class: network, activity: traffic, more: app("ldap"),
		columns: map[string][]mapping.Target{"result": status("success")},
	},
	"ldap_search": {
		class: network, activity: traffic, more: app("ldap"),
		columns: map[string][]mapping.Target{"result": status("success")},
	},
	"redis": {
		class: network, activity: traffic, more: app("redis"),
		columns: map[string][]mapping.Target{"success": status("true")},
	},
	"mqtt_connect":   {class: network, activity: traffic, more: app("mqtt")},
	"mqtt_publish":   {class: network, activity: traffic, more: app("mqtt")},
	"mqtt_subscribe": {class: network, activity: traffic, more: app("mqtt")},
	"tftp":           {class: network, activity: traffic, more: app("tftp")},
	"dhcp":           {class: base, activity: other},
	"ntp":            {class: network, activity: traffic, more: app("ntp")},
	"radius": {
		class: authentication, activity: 1,
		more: []mapping.Constant{number("auth_protocol_id", 10), text("auth_protocol", "RADIUS")},
		columns: map[string][]mapping.Target{
			"username": named("user.name"),
			"result":   status("success"),
		},
	},
	"snmp": {class: network, activity: traffic, more: app("snmp"), columns: map[string][]mapping.Target{"duration": duration}},
	"ntlm": {
		class: authentication, activity: 1,
		more: []mapping.Constant{number("auth_protocol_id", 1), text("auth_protocol", "NTLM")},
		columns: map[string][]mapping.Target{
			"username":   named("user.name"),
			"domainname": to("user.domain"),
			"hostname":   to("src_endpoint.name"),
			"success":    status("true"),
		},
	},
	"ocsp": {class: base, activity: other},
	"pe":   {class: base, activity: other},
	"rdp": {
		class: rdp, activity: traffic, more: app("rdp"),
		columns: map[string][]mapping.Target{"client_name": to("src_endpoint.name")},
	},
	"smb_cmd": {
		class: smb, activity: other, more: app("smb"),
		columns: map[string][]mapping.Target{
			"command": to("command"),
			"rtt":     duration,
			"version": to("dialect"),
			"tree":    to("share"),
			"status":  status("SUCCESS"),
		},
	},
	"smb_files": {
		class: smb, activity: other, activityOf: "action", activities: map[string]int{"SMB::FILE_OPEN": 2},
		more: append(app("smb"), number("file.type_id", 1)),
		columns: map[string][]mapping.Target{
			"action":         to("command"),
			"path":           to("share"),
			"fuid":           to("file.uid"),
			"name":           named("file.name"),
			"size":           to("file.size"),
			"times.modified": millis("file.modified_time"),
			"times.accessed": millis("file.accessed_time"),
			"times.created":  millis("file.created_time"),
		},
	},
	"smb_mapping": {
		class: smb, activity: other, more: app("smb"),
		columns: map[string][]mapping.Target{
			"path": to("share"),
			"share_type": {
				{Field: "share_type_id", JSON: true, Names: map[string]string{"DISK": "1", "PIPE": "2", "PRINT": "3", "": "99"}},
				{Field: "share_type"},
			},
		},
	},
	"smtp": {
		class: email, activity: other, more: []mapping.Constant{number("direction_id", 0), text("protocol_name", "SMTP")},
		columns: map[string][]mapping.Target{
			"helo":       to("smtp_hello"),
			"mailfrom":   to("email.smtp_from", "email.from"),
			"rcptto":     to("email.smtp_to", "email.to"),
			"from":       to("email.from_mailbox"), // headers have names beside addresses
			"to":         to("email.to_mailboxes"),
			"cc":         to("email.cc_mailboxes"),
			"reply_to":   {{Field: "email.reply_to_mailboxes", Before: "[", After: "]"}},
			"msg_id":     to("email.message_uid"),
			"subject":    to("email.subject"),
			"last_reply": to("status_detail"),
		},
	},
	"socks": {class: network, activity: traffic, more: app("socks")},
	"ssh": {
		class: ssh, activity: traffic, more: app("ssh"),
		columns: map[string][]mapping.Target{
			"version":      {{Field: "protocol_ver", Form: mapping.Text}},
			"auth_success": status("true"),
		},
	},
	"ssl": {
		class: network, activity: traffic, more: []mapping.Constant{direction, text("app_protocol_name", "tls")},
		columns: map[string][]mapping.Target{
			"version":        named("tls.version"),
			"cipher":         to("tls.cipher"),
			"server_name":    to("tls.sni"),
			"cert_chain_fps": to("tls.certificate_chain"),
			"established":    status("true"),
			"ja4":            {{Field: "ja4_fingerprint_list", Before: `[{"type":"JA4","type_id":1,"value":`, After: "}]"}},
			"ja3":            {{Field: "tls.ja3_hash", Before: `{"algorithm":"MD5","algorithm_id":1,"value":`, After: "}"}},
			"ja3s":           {{Field: "tls.ja3s_hash", Before: `{"algorithm":"MD5","algorithm_id":1,"value":`, After: "}"}},
		},
	},
	"stun":      {class: network, activity: traffic, more: app("stun")},
	"stun_nat":  {class: network, activity: traffic, more: app("stun")},
	"wireguard": {class: network, activity: traffic, more: app("wireguard")},
	"ipsec":     {class: network, activity: traffic, more: app("isakmp")},
	"syslog": {
		class: network, activity: traffic, more: app("syslog"),
		columns: map[string][]mapping.Target{"message": to("message")},
	},
	"tunnel": {
		class: tunnel, activity: other, activityOf: "action",
		activities: map[string]int{"Tunnel::DISCOVER": opened, "Tunnel::CLOSE": closed},
		more:       []mapping.Constant{direction, number("tunnel_type_id", other)},
		columns:    map[string][]mapping.Target{"tunnel_type": to("tunnel_type")},
	},
	"websocket": {
		class: http, activity: 3, more: app("websocket"), // the request that asks for the upgrade
		columns: map[string][]mapping.Target{
			"host":       to("http_request.url.hostname"),
			"uri":        {{Field: "http_request.url.url_string"}, {Field: "http_request.url.path", Form: mapping.Path}, {Field: "http_request.url.query_string", Form: mapping.Query}},
			"user_agent": to("http_request.user_agent"),
		},
	},
	"weird": {
		class: network, activity: other, more: []mapping.Constant{direction},
		columns: map[string][]mapping.Target{"name": to("message"), "addl": to("status_detail")},
	},
	"x509": {class: base, activity: other},
}
