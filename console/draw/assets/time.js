// The server writes times in the zone that this cookie names. On a first visit, or
// in another zone than before, the page is asked for once more.
function rememberZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.body.dataset.zone === zone || 'utc' in document.body.dataset) return;
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `auditlog_zone=${zone}; path=${under('/')}; max-age=31536000; samesite=strict${secure}`;
  const kept = document.cookie.split('; ').includes(`auditlog_zone=${zone}`);
  const known = 'zoned' in document.body.dataset || !sessionStorage.getItem('zone-tried');
  if (kept && known && document.querySelector('main time')) {
    // A zone that the server does not know must not make this go round.
    sessionStorage.setItem('zone-tried', '1');
    location.replace(location.href);
  }
}
