package cases

import (
	"slices"
	"strings"
	"testing"
)

// TestRight reads the inputs that failed elsewhere and were right from the beginning.
func TestRight(t *testing.T) {
	const (
		answered = "dns.answers=192.0.2.1 conn.ts=1700000000.000000"
		atOnce   = answered + " dns.rtt=0.010000"
	)
	for _, c := range []struct {
		file   string
		want   string // fields as log.column=value, a value for each row with commas between
		damage string // what the line says, if the file is damaged
	}{
		{"04-pcapng-mixed-linktypes/in.pcapng", atOnce, ""},
		{"04-pcapng-mixed-linktypes/sll2-raw.pcapng", atOnce, ""},
		{"06-pcapng-trailing-garbage/in.pcapng", atOnce, "offset 296: cut in a record"},
		{"06-pcapng-trailing-garbage/middle.pcapng", "dns.answers=-", "offset 156: bad block length 6"},
		{"06-pcapng-trailing-garbage/zeros.pcap", atOnce + " weird.name=empty_pcap_header", ""},
		{"06-pcapng-trailing-garbage/zeros.pcapng", atOnce, "offset 296: bad block length 0"},
		{"07-pcapng-tsresol/absurd-res.pcapng", "", "absurd time resolution 0x7f"},
		{"07-pcapng-tsresol/absurd-res2.pcapng", "", "absurd time resolution 0xff"},
		{"07-pcapng-tsresol/milli.pcapng", atOnce, ""},
		{"07-pcapng-tsresol/nano.pcapng", atOnce, ""},
		{"07-pcapng-tsresol/pico.pcapng", "dns.rtt=0.010000", ""}, // the file's own times have overflowed
		{"07-pcapng-tsresol/pow2-0.pcapng", answered + " dns.rtt=-", ""},
		{"07-pcapng-tsresol/pow2-30.pcapng", answered + " dns.rtt=0.009999", ""}, // 10 ms is no multiple of 2^-30 s
		{"07-pcapng-tsresol/pow2-32.pcapng", answered + " dns.rtt=0.009999", ""},
		{"07-pcapng-tsresol/sec.pcapng", answered + " dns.rtt=-", ""},
		{"07-pcapng-tsresol/tsoffset.pcapng", atOnce, ""},
		{"07-pcapng-tsresol/tworesol.pcapng", atOnce, ""},
		{"08-pcapng-differing-snaplen/in.pcapng", atOnce, ""},
		{"09-pcapng-other-blocks/in.pcapng", atOnce, ""},
		{"09-pcapng-other-blocks/late-idb.pcapng", atOnce, ""},
		{"09-pcapng-other-blocks/epb-badiface.pcapng", "dns.answers=-", "interface 7, which has no description"},
		{"09-pcapng-other-blocks/spb.pcapng", "dns.answers=192.0.2.1 conn.ts=0.000000 dns.ts=1.000000", ""},
		{"16-http-pipelined-head/in.pcap", "http.uri=/a,/b,/c http.status_code=200,404,200 http.response_body_len=0,0,3", ""},
		{"17-http-two-content-lengths/in.pcap", "http.method=POST weird.name=HTTP_version_mismatch,bad_HTTP_request analyzer.analyzer_name=HTTP", ""},
		{"17-http-two-content-lengths/te-cl.pcap", "http.method=POST,GET http.uri=/a.html,/admin weird.name=HTTP_content_length_and_chunked", ""},
		{"18-http-09/in.pcap", "http.version=0.9 http.response_body_len=19 http.resp_mime_types=text/html", ""},
		{"19-http-100-continue/in.pcap", "http.status_code=201 http.info_code=100", ""},
		{"19-http-100-continue/103.pcap", "http.status_code=200 http.info_code=103", ""},
		{"20-http-uri-with-spaces/in.pcap", "http.method=GET http.uri=/a\u00a0b\u00a0c?q=x\u00a0y", ""},
		{"21-source-port-53/in.pcap", "conn.service=http", ""},
		{"21-source-port-53/ftp.pcap", "conn.service=ftp", ""},
		{"23-http-to-ssh-port/in.pcap", "ssh.ts= analyzer.analyzer_name=HTTP", ""},
		{"24-smtp-two-mails-gap/in.pcap", "smtp.mailfrom=a1@x,a2@x smtp.rcptto=b1@y,b2@y", ""},
		{"24-smtp-two-mails-gap/rset.pcap", "smtp.mailfrom=a1@x,a2@x smtp.rcptto=b1@y,b2@y", ""},
		{"49-header-snaplen-524288/in.pcap", "conn.orig_pkts=6 conn.resp_pkts=4 conn.service=http", ""},
		{"51-one-direction/http-c2s.pcap", "conn.service=http http.method=GET http.status_code=-", ""},
		{"51-one-direction/http-s2c.pcap", "http.method=- http.status_code=200 http.response_body_len=2", ""},
		{"51-one-direction/http-midstream.pcap", "conn.history=DadAFf", ""},
	} {
		logs, s := read(t, nil, input(t, c.file))
		if (c.damage != "") != s.Lost() || len(s.Damage) > 1 || c.damage != "" && (len(s.Damage) == 0 || !strings.Contains(s.Damage[0], c.damage)) {
			t.Errorf("%s: damage %q, want %q", c.file, s.Damage, c.damage)
		}
		for _, field := range strings.Fields(strings.ReplaceAll(c.want, "\u00a0", "\x00")) {
			name, want, _ := strings.Cut(strings.ReplaceAll(field, "\x00", " "), "=")
			log, of, _ := strings.Cut(name, ".")
			got := column(logs[log], of)
			if log == "weird" || log == "http" {
				slices.Sort(got)
			}
			list := strings.Split(want, ",")
			if want == "" {
				list = nil
			}
			if log == "weird" || log == "http" {
				slices.Sort(list)
			}
			if !slices.Equal(got, list) {
				t.Errorf("%s: %s is %q, want %q", c.file, name, got, list)
			}
		}
	}
}
