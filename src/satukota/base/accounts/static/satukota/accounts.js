/* Passkey refused or cancelled: say so beside the button, instead of an error only the console sees. */
document.addEventListener('allauth.error', (event) => {
  event.preventDefault()
  const problem = document.querySelector('[data-key-problem]')
  if (problem) problem.hidden = false
})
document.querySelector('[data-print]')?.addEventListener('click', () => window.print())
