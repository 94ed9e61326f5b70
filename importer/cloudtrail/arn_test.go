package cloudtrail

import "testing"

// TestIdentify: people call a resource by its name, and its id tells two apart.
func TestIdentify(t *testing.T) {
	const u = "1a2b3c4d-1111-2222-3333-444455556666"
	tests := []struct{ from, id, name, kind string }{
		{"i-1", "i-1", "i-1", ""},
		{"", "", "", ""},
		{"arn:aws:iam::1:role/path/deploy", "deploy", "deploy", "Role"},
		{"arn:aws:iam::1:root", "root", "root", "Iam"},
		{"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess", "Policy"},
		{"arn:aws:iam::2:role/deploy", "arn:aws:iam::2:role/deploy", "deploy", "Role"},
		{"arn:aws:iam::1:oidc-provider/token.example.com/x", "token.example.com/x", "token.example.com/x", "OpenIDConnectProvider"},
		{"arn:aws:s3:::logs", "logs", "logs", "Bucket"},
		{"arn:aws:s3:::logs/a/b", "logs/a/b", "logs/a/b", "Object"},
		{"arn:aws-cn:ssm:r:1:parameter/plain", "plain", "plain", "Parameter"},
		{"arn:aws:ssm:r:1:parameter/a/b", "/a/b", "/a/b", "Parameter"},
		{"arn:aws:ssm:r:1:document/d", "d", "d", "Document"},
		{"arn:aws:lambda:r:1:function:mailer", "mailer", "mailer", "Function"},
		{"arn:aws:lambda:r:1:function:mailer:7", "mailer:7", "mailer", "Function"},
		{"arn:aws:lambda:r:1:layer:base:3", "base:3", "base:3", "Layer"},
		{"arn:aws:secretsmanager:r:1:secret:prod/db-AbCdEf", "prod/db", "prod/db", "Secret"},
		{"arn:aws:secretsmanager:r:1:secret:x", "x", "x", "Secret"},
		{"arn:aws:logs:r:1:log-group:/a/b:*", "/a/b", "/a/b", "LogGroup"},
		{"arn:aws:rds:r:1:db:orders", "orders", "orders", "DBInstance"},
		{"arn:aws:rds:r:1:snapshot:rds:orders-2026", "rds:orders-2026", "rds:orders-2026", "DBSnapshot"},
		{"arn:aws:sns:r:1:alarms", "alarms", "alarms", "Topic"},
		{"arn:aws:sns:r:1:alarms:" + u, "alarms:" + u, "alarms", "Topic"},
		{"arn:aws:sqs:r:1:jobs", "jobs", "jobs", "Queue"},
		{"arn:aws:sns", "arn:aws:sns", "arn:aws:sns", ""},
		{"https://sqs.r.amazonaws.com/1/jobs", "jobs", "jobs", ""},
		{"https://sqs.r.amazonaws.com/1/jobs/", "jobs", "jobs", ""},
		{"https://example.com/a/b", "https://example.com/a/b", "https://example.com/a/b", ""},
		{"https://", "https://", "https://", ""},
		{"arn:aws:ecs:r:1:service/prod/web", "prod/web", "web", "Service"},
		{"arn:aws:ecs:r:1:task/prod/0123456789abcdef0123456789abcdef", "prod/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", "Task"},
		{"arn:aws:ecs:r:1:task-definition/web:3", "web:3", "web:3", "TaskDefinition"},
		{"arn:aws:cloudformation:r:1:stack/shop/" + u, "shop/" + u, "shop", "Stack"},
		{"arn:aws:elasticloadbalancing:r:1:loadbalancer/app/shop/50dc6c495c0c9188", "app/shop/50dc6c495c0c9188", "app/shop", "LoadBalancer"},
		{"arn:aws:elasticloadbalancing:r:1:loadbalancer/classic", "classic", "classic", "LoadBalancer"},
		{"arn:aws:elasticloadbalancing:r:1:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2", "app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2", "app/shop", "Listener"},
		{"arn:aws:elasticloadbalancing:r:1:targetgroup/shop-tg/73e2d6bc24d8a067", "shop-tg/73e2d6bc24d8a067", "shop-tg", "TargetGroup"},
		{"arn:aws:autoscaling:r:1:autoScalingGroup:" + u + ":autoScalingGroupName/web-asg", "web-asg", "web-asg", "AutoScalingGroup"},
		{"arn:aws:eks:r:1:nodegroup/prod/ng/" + u, "prod/ng/" + u, "prod/ng", "Nodegroup"},
		{"arn:aws:batch:r:1:job-definition/nightly:7", "nightly:7", "nightly:7", "JobDefinition"},
		{"arn:aws:states:r:1:execution:machine:run-1", "machine:run-1", "run-1", "Execution"},
		{"arn:aws:kms:r:1:alias/team/key", "alias/team/key", "alias/team/key", "Alias"},
		{"arn:aws:kms:r:1:key/" + u, u, u, "Key"},
		{"arn:aws:ecr:r:1:repository/team/app", "team/app", "team/app", "Repository"},
		{"arn:aws:acm:r:1:certificate/" + u, u, u, "Certificate"},
		{"arn:aws:dynamodb:r:1:table/orders", "orders", "orders", "Table"},
		{"arn:aws:apigateway:r::/restapis/abc/stages/prod", "abc/stages/prod", "abc/stages/prod", "Restapis"},
		{"arn:aws:wafv2:r:1:regional/webacl/front/" + u, "front/" + u, "front", "WebACL"},
		{"/hostedzone/Z1", "Z1", "Z1", ""},
	}
	for _, tt := range tests {
		id, name := identify(tt.from, "1")
		if id != tt.id || name != tt.name || kindOfARN(tt.from) != tt.kind {
			t.Errorf("%s: id %q, name %q, type %q; want %q, %q, %q", tt.from, id, name, kindOfARN(tt.from), tt.id, tt.name, tt.kind)
		}
	}
}
