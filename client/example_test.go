package client_test

import (
	"context"
	"log"
	"net/http"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
)

func Example() {
	ctx := context.Background()
	c := &client.Client{URL: "https://audit.example.com", Token: "…"}
	_, err := c.Record(ctx, audit.Entry{
		Project:  "acme",
		Actor:    audit.Actor{Email: "ada@example.com"},
		Action:   "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", ID: "4711", Name: "web"},
		Outcome:  audit.Success,
	})
	if err != nil {
		log.Fatal(err)
	}
	blocked := rpc.Query{Project: "acme", Terms: rpc.Terms{Outcome: rpc.Values{"forbidden"}}}
	for e, err := range c.List(ctx, rpc.ListRequest{Query: blocked}) {
		if err != nil {
			log.Fatal(err)
		}
		log.Println(e.CreatedAt, e.Actor.Email, e.Action)
	}
}

func ExampleMiddleware() {
	c := &client.Client{URL: "https://audit.example.com", Token: "…"}
	queue := c.NewQueue(client.QueueConfig{
		OnDrop: func(e audit.Entry, why error) {
			log.Printf("not in the audit log: %s by %s: %v", e.Action, e.Actor.Email, why)
		},
	})
	audited := &client.Middleware{
		Queue: queue,
		Describe: func(r *http.Request) (audit.Entry, bool) {
			return audit.Entry{
				Project:  "acme",
				Actor:    audit.Actor{Email: r.Header.Get("X-Forwarded-Email")},
				Action:   "deployment.deploy",
				Resource: audit.Resource{Type: "Deployment", ID: r.PathValue("id")},
			}, true
		},
	}
	deploy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client.Amend(r.Context(), func(e *audit.Entry) {
			e.Changes = []audit.Change{{Field: "replicas", Old: "2", New: "4"}}
		})
	})
	mux := http.NewServeMux()
	mux.Handle("POST /deployments/{id}", audited.Wrap(deploy))
	err := http.ListenAndServe("127.0.0.1:8080", mux)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := queue.Close(ctx); err != nil {
		log.Print(err)
	}
	log.Fatal(err)
}
