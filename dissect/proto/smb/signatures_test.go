package smb

import "testing"

func TestStartsMessage(t *testing.T) {
	for in, want := range map[string]bool{
		"\x00\x00\x00\x54\xffSMB": true, "\x00\x00\x0a\x0a\xfeSMB": true,
		"\x00\x00\x00\x54\xfdSMB": false, "\x00\x00\x00\x54\xffSM": false, "\xffSMB....": false,
	} {
		if got := startsMessage([]byte(in)); got != want {
			t.Errorf("%q: got %t", in, got)
		}
	}
}
