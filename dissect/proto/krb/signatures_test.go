package krb

import "testing"

func TestSignatures(t *testing.T) {
	request := "\x6a\x81\x0a\x30\x81\x0a\xa1\x03\x02\x01\x05\xa2\x03\x02\x01"
	reply := "\x7e\x0a\x30\x0a\xa0\x03\x02\x01\x05\xa1\x03\x02\x01"
	for _, c := range []struct {
		in                string
		datagram, message bool
	}{
		{request, true, false},
		{reply, true, false},
		{"\x00\x00\x0a\x0a" + request, false, true},
		{"\x00\x00\x01\x02" + reply, false, true},
		{request[:len(request)-1], false, false},
		{"\x6a\x81\x0a\x30\x81\x0a\xa0\x03\x02\x01\x05\xa1\x03\x02\x01", false, false},
		{"", false, false},
	} {
		if got := isMessage([]byte(c.in)); got != c.datagram {
			t.Errorf("datagram %q: got %t", c.in, got)
		}
		if got := isFramed([]byte(c.in)); got != c.message {
			t.Errorf("framed %q: got %t", c.in, got)
		}
	}
}
