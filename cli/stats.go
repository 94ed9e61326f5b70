package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/client"
	"auditlog/rpc"
)

// mostFrequent is how many values of each kind stats shows in its text.
const mostFrequent = 10

func (a *app) stats() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Count entries by outcome, and show what occurs most",
		Example: `  auditlog stats -p acme --from 7d`,
		Args:    cobra.NoArgs,
	}
	f := addFilter(cmd)
	var output string
	addOutput(cmd, &output, "text", "json")
	return asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		q, err := f.parse(time.Now(), time.Local)
		if err != nil {
			return err
		}
		if output != "text" && output != "json" {
			return usagef("--output: must be text or json")
		}
		stats, err := c.Stats(cmd.Context(), rpc.StatsRequest{Query: q})
		if err != nil {
			return flagPath(err)
		}
		if output == "json" {
			return json.NewEncoder(a.stdout).Encode(stats)
		}
		_, err = fmt.Fprint(a.stdout, statsText(&stats))
		return err
	})
}

// statsText returns counts for a person to read.
func statsText(s *rpc.StatsResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d entries: %d success, %d forbidden, %d error\n",
		s.Total, s.Outcomes.Success, s.Outcomes.Forbidden, s.Outcomes.Error)
	for _, list := range []struct {
		title  string
		values []rpc.ValueCount
	}{{"resource types", s.Types}, {"actions", s.Actions}, {"actors", s.Actors}} {
		if len(list.values) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", list.title)
		for _, v := range list.values[:min(len(list.values), mostFrequent)] {
			fmt.Fprintf(&b, "%9d  %s\n", v.Count, printable(v.Value))
		}
		if more := len(list.values) - mostFrequent; more > 0 {
			fmt.Fprintf(&b, "%9s  and %d more\n", "", more)
		}
	}
	return b.String()
}
