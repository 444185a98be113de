package nearest

import "testing"

func TestTo(t *testing.T) {
	known := []string{"output_dir", "format", "limits.connections", "timeouts.tcp_inactivity_timeout", "timeouts.udp_inactivity_timeout", "conn", "dns"}
	for _, c := range []struct{ name, want string }{
		{"ouput_dir", "output_dir"},
		{"output-dir", "output_dir"},
		{"OUTPUT_DIR", "output_dir"},
		{"fromat", "format"},
		{"connections", "limits.connections"},
		{"limits.conections", "limits.connections"},
		{"tcp_inactivity_timout", "timeouts.tcp_inactivity_timeout"},
		{"timeouts.ucp_inactivity_timeout", "timeouts.tcp_inactivity_timeout"},
		{"timeouts.tcp_inactivity", "timeouts.tcp_inactivity_timeout"},
		{"com", "conn"},
		{"dsn", "dns"},
		{"nothing_like_it", ""},
		{"", ""},
	} {
		if got := To(c.name, known); got != c.want {
			t.Errorf("To(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "abdc", 1}, {"same", "same", 0},
	} {
		if got := distance(c.a, c.b, 10); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
