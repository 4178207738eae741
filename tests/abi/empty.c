/* A shared object without an entry. */

int kordless_no_plugin(void);

int kordless_no_plugin(void)
{
    return 0;
}
