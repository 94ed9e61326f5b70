package draw

import (
	"fmt"
	"testing"
)

func TestValues(t *testing.T) {
	for got, want := range map[string]string{
		string(breakable("a/b<c>:d")):                    "a/<wbr>b&lt;c&gt;:<wbr>d",
		fmt.Sprint(newEnds("arn:aws:iam::123:user/ada")): "{arn:aws:iam::123:user /ada}", fmt.Sprint(newEnds("ec2.CreateVpc")): "{ec2 .CreateVpc}",
		fmt.Sprint(newEnds("ada@example.com")): "{ada@example.com }", fmt.Sprint(newEnds("/root")): "{/root }",
		fmt.Sprint(newEnds("")): "{ }", newEnds("a:b/c").Whole(): "a:b/c",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
