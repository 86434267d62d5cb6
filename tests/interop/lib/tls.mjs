// The TLS part's certificates, of a local CA that `run` made with mkcert, and nginx in front of hytte as README tells
// people to set it up.
import { mkdirSync, writeFileSync } from "node:fs";
import { start } from "./process.mjs";

/** The certificate and key that `run` had mkcert make for `name`. */
export const certificate = (name) => ({ cert: `${process.env.INTEROP_CERTS}/${name}.pem`, key: `${process.env.INTEROP_CERTS}/${name}.key` });

/** The local CA's own certificate. */
export const authority = () => `${process.env.INTEROP_CERTS}/rootCA.pem`;

/** nginx on `listen` with TLS for `name`, passing everything to `upstream` ("127.0.0.1:9003"). */
export function nginx({ folder, name, listen, upstream }) {
  const { cert, key } = certificate(name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/nginx.conf`, `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen ${listen} ssl;
    server_name ${name};
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    client_max_body_size 40m;
    location / {
      proxy_pass http://${upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "";
    }
  }
}
`);
  return start("/usr/sbin/nginx", ["-c", `${folder}/nginx.conf`, "-p", folder], { log: `${folder}/nginx.log` });
}
