package main

import "testing"

func TestCount(t *testing.T) {
	names, err := count([]string{"../../testdata/dns.pcap"})
	if err != nil {
		t.Fatal(err)
	}
	if names["www.example.test"] != 2 {
		t.Errorf("%v", names)
	}
}
