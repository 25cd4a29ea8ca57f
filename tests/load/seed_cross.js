// The origin project's load test on two banks: its two fixed accounts pay each other, A to B and B to A at once. Every answer must be
// final and right, and 95 of 100 within 100 ms. Started by seed_cross.py, or by hand:
//   k6 run -e MJ=http://127.0.0.1:8080 -e JH=http://127.0.0.1:8180 -e A=mj-1001 -e B=jh-1001 [-e KEY_MJ=… -e KEY_JH=…] seed_cross.js
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const seconds = __ENV.SECONDS || '15';
const clients = Number(__ENV.CLIENTS || '8'); // each way
const run = __ENV.RUN || `k6-${Date.now()}`;  // a second run has keys of its own

const there = new Counter('moved_a_to_b');
const back = new Counter('moved_b_to_a');

const scenario = (pay) => ({ executor: 'constant-vus', vus: clients, duration: `${seconds}s`, gracefulStop: '15s', exec: pay });
export const options = {
  scenarios: { a_to_b: scenario('aToB'), b_to_a: scenario('bToA') },
  thresholds: { http_req_duration: ['p(95)<100'], checks: ['rate==1'] },
  summaryTrendStats: ['min', 'med', 'avg', 'p(90)', 'p(95)', 'p(99)', 'max'],
};

function pay(bank, credential, payer, payee, moved) {
  const amount = 1 + Math.floor(Math.random() * 9);
  const key = `${run}-${payer}-${exec.vu.idInTest}-${exec.vu.iterationInScenario}`;
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key, Prefer: 'wait=10' };
  if (credential) headers.Authorization = `Bearer ${credential}`;
  const answer = http.post(`${bank}/v1/transfers`, JSON.stringify({ payer, payee, amount: String(amount), currency: 'KRW' }), { headers });
  const said = answer.status === 201 ? answer.json() : {};
  const right = check(answer, {
    'the answer is final': (r) => r.status === 201 && said.status === 'completed',
    'and about this payment': () => said.payer === payer && said.payee === payee && said.amount === String(amount) && said.posted_amount === String(amount),
  });
  if (right) moved.add(amount);
  else console.error(`${key}: ${answer.status} ${answer.body}`);
}

export const aToB = () => pay(__ENV.MJ, __ENV.KEY_MJ, __ENV.A, __ENV.B, there);
export const bToA = () => pay(__ENV.JH, __ENV.KEY_JH, __ENV.B, __ENV.A, back);
