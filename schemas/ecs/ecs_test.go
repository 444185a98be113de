package ecs

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
)

// The table names existing logs and columns, and has no redundant entries.
func TestTableNamesColumns(t *testing.T) {
	for name, l := range logs {
		s := schemas.Lookup(name)
		if s == nil {
			t.Errorf("there is no log %s", name)
			continue
		}
		for column, targets := range l.columns {
			if !mapping.HasColumn(s, column) {
				t.Errorf("%s has no column %s", name, column)
			}
			if len(targets) == 0 || len(targets) == 1 && targets[0].Field == "" {
				t.Errorf("%s.%s would be kept without an entry", name, column)
			}
		}
	}
	for column := range common {
		if !slices.ContainsFunc(schemas.All(), func(s *schemas.Schema) bool { return mapping.HasColumn(s, column) }) {
			t.Errorf("no log has the column %s", column)
		}
	}
}

// categories and types are the values of the schema that suit network traffic.
var (
	categories = []string{"authentication", "database", "email", "file", "host", "network", "session", "web"}
	types      = []string{"access", "change", "connection", "creation", "deletion", "denied", "end", "error", "info", "protocol", "start"}
	sets       = []string{
		"@timestamp", "client", "destination", "dns", "ecs", "email", "error", "event", "file", "host", "http", "log", "message", "network",
		"related", "rule", "server", "source", "tls", "url", "user", "user_agent", "zeek",
	}
)

// Every column of every log has a target, and no field is set twice or lies inside a
// value.
func TestFields(t *testing.T) {
	for _, s := range schemas.All() {
		m := Naming.Map(s)
		var fields []string
		for _, c := range m.Constants {
			if !slices.Contains(Naming.Lists, c.Field) {
				fields = append(fields, c.Field)
			}
			allowed := c.Values
			switch c.Field {
			case "event.category":
				allowed = categories
			case "event.type":
				allowed = types
			}
			for _, v := range c.Values {
				if !slices.Contains(allowed, v) {
					t.Errorf("%s: %s cannot be %q", s.Name, c.Field, v)
				}
			}
		}
		for i, targets := range m.Columns {
			if len(targets) == 0 {
				t.Errorf("%s.%s is lost", s.Name, s.Fields[i].Name)
			}
			for _, target := range targets {
				if set, _, _ := strings.Cut(target.Field, "."); !slices.Contains(sets, set) {
					t.Errorf("%s.%s: %s is in no set of fields", s.Name, s.Fields[i].Name, target.Field)
				}
				for _, to := range target.Names {
					if target.Field == "event.type" && to != "" && !slices.Contains(types, strings.Fields(to)[0]) {
						t.Errorf("%s: event.type cannot be %q", s.Name, to)
					}
				}
				if target.Form.Texts() && s.Fields[i].Kind != schemas.KindString {
					t.Errorf("%s.%s is no text", s.Name, s.Fields[i].Name)
				}
				if (target.Form == mapping.Attribute) != (target.Part != "") {
					t.Errorf("%s.%s: an attribute wants the part", s.Name, s.Fields[i].Name)
				}
				if target.Form == mapping.Nanoseconds && s.Fields[i].Kind != schemas.KindInterval {
					t.Errorf("%s.%s is no interval", s.Name, s.Fields[i].Name)
				}
				if !slices.Contains(Naming.Lists, target.Field) {
					fields = append(fields, target.Field)
				}
			}
		}
		for _, d := range m.Derived {
			fields = append(fields, d.Field)
			if len(d.Of) < 2 || d.Names != nil && d.Join != "" {
				t.Errorf("%s: %+v", s.Name, d)
			}
		}
		for i, f := range fields {
			for j, g := range fields {
				if i != j && (f == g || strings.HasPrefix(g, f+".")) {
					t.Errorf("%s: %s and %s", s.Name, f, g)
				}
			}
		}
	}
}

func TestOutputsNames(t *testing.T) {
	m := Naming.Map(&schemas.Schema{Name: "conn", Fields: []schemas.Field{{Name: "uid"}, {Name: "client"}, {Name: "history"}}})
	for i, want := range [][]string{{"event.id", "zeek.session_id"}, {"client"}, {"zeek.connection.history"}} {
		var got []string
		for _, target := range m.Columns[i] {
			got = append(got, target.Field)
		}
		if !slices.Equal(got, want) {
			t.Errorf("column %d: %q, want %q", i, got, want)
		}
	}
}

// has reports whether a column of a log is written to a field.
func has(log, column, field string) bool {
	s := schemas.Lookup(log)
	m := Naming.Map(s)
	for i, targets := range m.Columns {
		for _, t := range targets {
			if s.Fields[i].Name == column && t.Field == field {
				return true
			}
		}
	}
	return false
}

// The fields are those that the ingest pipelines of Elastic's Zeek integration set.
func TestIntegrationsFields(t *testing.T) {
	for log, columns := range map[string]map[string]string{
		"conn": {
			"id.orig_h": "source.ip", "id.resp_p": "destination.port", "proto": "network.transport", "service": "network.protocol",
			"orig_ip_bytes": "source.bytes", "resp_pkts": "destination.packets", "conn_state": "event.type", "orig_l2_addr": "source.mac",
			"uid": "zeek.session_id", "duration": "event.duration", "community_id": "network.community_id",
		},
		"dce_rpc": {"operation": "event.action"},
		"dns": {
			"query": "dns.question.name", "qtype_name": "dns.question.type", "qclass": "dns.question.class", "rcode_name": "dns.response_code",
			"trans_id": "dns.id", "answers": "dns.resolved_ip", "TTLs": "dns.answers.ttl", "AA": "dns.header_flags", "rtt": "event.duration",
		},
		"dnp3":  {"fc_request": "event.action"},
		"files": {"mime_type": "file.mime_type", "filename": "file.name", "total_bytes": "file.size", "sha1": "file.hash.sha1", "md5": "related.hash"},
		"ftp":   {"user": "user.name", "command": "event.action", "file_size": "file.size", "mime_type": "file.mime_type"},
		"http": {
			"method": "event.action", "host": "url.domain", "uri": "url.original", "user_agent": "user_agent.original", "referrer": "http.request.referrer",
			"status_code": "event.outcome", "request_body_len": "http.request.body.bytes", "username": "user.name", "version": "http.version",
		},
		"irc":          {"user": "user.name", "command": "event.action", "dcc_file_name": "file.name", "dcc_mime_type": "file.mime_type"},
		"kerberos":     {"request_type": "event.action", "client": "user.domain", "success": "event.outcome", "id.resp_h": "server.address", "client_cert_subject": "tls.client.x509.subject.common_name"},
		"known_modbus": {"host": "host.ip"},
		"dhcp":         {"client_addr": "client.address", "server_addr": "server.address", "mac": "client.mac", "duration": "event.duration"},
		"radius":       {"username": "user.name", "result": "event.outcome", "ttl": "event.duration"},
		"snmp":         {"duration": "event.duration"},
		"syslog":       {"proto": "network.transport", "severity": "log.syslog.severity.name", "message": "message"},
		"modbus":       {"func": "event.action", "exception": "event.outcome"},
		"mysql":        {"cmd": "event.action", "success": "event.outcome"},
		"ldap":         {"opcode": "event.action", "result": "event.outcome"},
		"ldap_search":  {"result": "event.outcome"},
		"postgresql":   {"user": "user.name", "frontend": "event.action", "success": "event.outcome"},
		"redis":        {"cmd.name": "event.action", "success": "event.outcome"},
		"ntlm":         {"username": "user.name", "domainname": "user.domain", "success": "event.outcome"},
		"ocsp":         {"issuerNameHash": "related.hash"},
		"quic":         {"server_name": "tls.client.server_name", "id.orig_h": "client.address"},
		"rfb":          {"auth": "event.outcome"},
		"sip":          {"method": "event.action", "user_agent": "user_agent.original"},
		"smb_cmd":      {"command": "event.action", "username": "related.user", "status": "event.outcome"},
		"smb_files":    {"action": "event.action", "name": "file.name", "size": "file.size", "times.changed": "file.ctime", "times.modified": "file.mtime"},
		"smtp":         {"tls": "tls.established"},
		"socks":        {"user": "user.name", "status": "event.outcome"},
		"ssh":          {"auth_success": "event.outcome"},
		"ssl": {
			"version": "tls.version_protocol", "cipher": "tls.cipher", "curve": "tls.curve", "resumed": "tls.resumed", "established": "tls.established",
			"ja3": "related.hash", "ja3s": "tls.server.ja3s", "id.orig_h": "client.address",
		},
		"tunnel": {"action": "event.action"},
		"weird":  {"name": "rule.name"},
		"x509": {
			"certificate.serial": "file.x509.serial_number", "certificate.not_valid_after": "file.x509.not_after", "certificate.issuer": "file.x509.issuer.organization",
			"certificate.key_length": "file.x509.public_key_size", "certificate.sig_alg": "file.x509.signature_algorithm", "san.dns": "file.x509.alternative_names",
		},
	} {
		for column, field := range columns {
			if !has(log, column, field) {
				t.Errorf("%s.%s does not become %s", log, column, field)
			}
		}
	}
}
