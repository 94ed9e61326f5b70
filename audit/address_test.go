package audit

import "testing"

func TestAddresses(t *testing.T) {
	tests := []struct {
		asked, form string
		in, out     []string
	}{
		{"203.0.113.9", "203.0.113.9", []string{"203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109", "::FFFF:203.0.113.9"},
			[]string{"203.0.113.90", "", "203.0.113.9:443", "host", "::203.0.113.9"}},
		{"::ffff:203.0.113.9", "203.0.113.9", []string{"203.0.113.9", "::ffff:203.0.113.9"}, []string{"203.0.113.8"}},
		{"203.0.113.9/24", "203.0.113.0/24", []string{"203.0.113.0", "203.0.113.255", "::ffff:203.0.113.7"}, []string{"203.0.112.255", "203.0.114.0"}},
		{"::ffff:203.0.113.9/120", "203.0.113.0/24", []string{"203.0.113.1"}, []string{"203.0.114.0"}},
		{"10.1.2.3/32", "10.1.2.3", []string{"10.1.2.3"}, []string{"10.1.2.4"}},
		{"0.0.0.0/0", "0.0.0.0/0", []string{"1.2.3.4", "::ffff:1.2.3.4"}, []string{"2001:db8::1", "", "host"}},
		{"2001:DB8:0:0::1", "2001:db8::1", []string{"2001:db8::1", "2001:0db8:0000::0001"}, []string{"2001:db8::2"}},
		{"2001:db8::1/32", "2001:db8::/32", []string{"2001:db8:ffff::"}, []string{"2001:db9::", "1.2.3.4"}},
		{"fe80::1%eth0", "fe80::1%eth0", []string{"fe80::1%eth0"}, []string{"fe80::1"}},
		{"ec2.amazonaws.com", "ec2.amazonaws.com", []string{"ec2.amazonaws.com"}, []string{"amazonaws.com", "10.0.0.1"}},
	}
	for _, tt := range tests {
		a, err := ParseAddresses(tt.asked)
		if err != nil || a.String() != tt.form {
			t.Errorf("%s is read as %s, %v", tt.asked, a, err)
		}
		q := Query{Is: Terms{"ip": {tt.asked}}}
		q.Normalize()
		if got := q.Is.One("ip"); got != tt.form {
			t.Errorf("%s is normalized to %s", tt.asked, got)
		}
		for want, list := range map[bool][]string{true: tt.in, false: tt.out} {
			for _, ip := range list {
				if got := a.Contain(ip); got != want {
					t.Errorf("%s contains %s: %t", tt.asked, ip, got)
				}
				if got := NewMatcher(&q).Match(&Entry{Request: Request{IP: ip}, CreatedAt: minTime}); got != want {
					t.Errorf("a query for %s selects %s: %t", tt.asked, ip, got)
				}
			}
		}
	}
	for _, s := range []string{"300.1.2.3", "1.2.3", "10.0.0.0/33", "10.0.0.0/x", "2001:db8:::1", "1.2.3.4:80", "10.0.0.1 10.0.0.2", "7", "/"} {
		q := Query{Project: "acme", Is: Terms{"ip": {string(s)}}}
		q.Normalize()
		if err := q.Validate(); err == nil || err.Error() != "ip: must be an address, as 203.0.113.9, or a range, as 203.0.113.0/24" {
			t.Errorf("%s: %v", s, err)
		}
	}
}
