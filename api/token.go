package api

import (
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/rpc"
)

// tokenCreate is token.create: the one answer that holds a secret.
func (s *Server) tokenCreate(c *call, req *rpc.TokenCreateRequest) (*rpc.TokenCreateResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	secret, t, err := s.admin.CreateToken(c.r.Context(), c.auth(), auth.Token{
		Name:      req.Name,
		Owner:     req.Owner,
		OwnerType: audit.ActorType(req.OwnerType),
		Role:      auth.Role(req.Role),
		Projects:  req.Projects,
		ExpiresAt: req.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	return &rpc.TokenCreateResult{Secret: secret, Token: tokenOf(t)}, nil
}

// tokenList is token.list: those tokens alone that the caller could have made.
func (s *Server) tokenList(c *call, _ *rpc.TokenListRequest) (*rpc.TokenListResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	tokens, err := s.opts.Auth.List(&c.principal)
	if err != nil {
		return nil, err
	}
	res := &rpc.TokenListResult{Items: make([]rpc.Token, len(tokens))}
	for i, t := range tokens {
		res.Items[i] = tokenOf(t)
	}
	return res, nil
}

// tokenRevoke is token.revoke.
func (s *Server) tokenRevoke(c *call, req *rpc.TokenRevokeRequest) (*rpc.Token, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	t, err := s.admin.RevokeToken(c.r.Context(), c.auth(), req.ID)
	if err != nil {
		return nil, err
	}
	res := tokenOf(t)
	return &res, nil
}

// tokenOf returns what the API tells of a token.
func tokenOf(t auth.Token) rpc.Token {
	return rpc.Token{
		ID: t.ID, Name: t.Name, Owner: t.Owner, OwnerType: string(t.OwnerType), Role: string(t.Role), Projects: t.Projects,
		CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, ExpiresAt: t.ExpiresAt, LastUsed: t.LastUsedAt, RevokedAt: t.RevokedAt,
	}
}
