package format

// News says in words what Version brought, for those who look after a log.
const News = "since format 4 the log has trees to prove it by, sinks and saved searches; an auditlog that knows no more than format 3 does not open it"
