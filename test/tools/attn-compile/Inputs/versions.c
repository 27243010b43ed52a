/* What the code says of this CPU: its status without any tensors. */
#include "attention.h"

#include <stdio.h>

int main(void) {
  attn_status status = attn_attention(NULL, 0, NULL, 0);
  printf("status %d: %s\n", status, attn_attention_error());
  return 0;
}
